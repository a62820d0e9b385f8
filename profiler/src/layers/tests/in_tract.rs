//! Layers as tract has them.

use super::*;
use crate::{onnx::network_model, spec::SpaceFile};

#[cfg(feature = "tract")]
#[test]
fn every_layer_of_an_exported_network_is_found_in_tract() {
    use crate::backend::{Backend, Model, Tract, node_macs};
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let network = space.baseline().unwrap();
    let onnx = network_model(&network, 0).unwrap();
    let outline = Outline::read(&onnx).unwrap();
    let macs = macs_by_node(&outline, &node_macs(Model::whole("net", &onnx)).unwrap());
    assert_eq!(macs.values().sum::<u64>(), network.macs().0);

    let mut traced = Tract.prepare_traced(Model::whole("net", &onnx), 1).unwrap();
    traced.run_plain().unwrap();
    traced.run_traced(NodeClock::Wall).unwrap();
    traced.run_traced(NodeClock::Processor).unwrap();
    let found = traced.finish().unwrap();
    assert!(found.nodes.iter().all(|node| node.run_ns.len() == 2));
    let names: Vec<&str> = found.nodes.iter().map(|node| node.name.as_str()).collect();
    let told: Vec<_> = found.nodes.iter().map(|node| node.multiply_adds).collect();
    let layers = attribute(&rounds_of(&found.nodes), &outline, &macs);
    // A layer's time is that of the nodes that multiply, not of those that only prepare it: tract calls a product that
    // has taken its activation in by the activation's name.
    for layer in layers.iter().filter(|layer| layer.macs > Some(0)) {
        let multiplied: u64 = layer.runtime_nodes.iter().filter_map(|node| told[*node]).sum();
        assert!(multiplied >= layer.macs.unwrap(), "{layer:?}: {multiplied}");
    }
    // Every layer with weights has a time of its own, and no two share one.
    let heavy = |node: &usize| ["Conv", "Gemm"].contains(&outline.nodes[*node].operator.as_str());
    for layer in &layers {
        let in_layer = layer.model_nodes.iter().filter(|node| heavy(node)).count();
        assert!(in_layer <= 1, "{layer:?} of {names:?}");
        assert!(in_layer == 0 || (layer.macs > Some(0) && layer.op.is_some()), "{layer:?}");
    }
    let attributed: u64 = layers.iter().filter_map(|layer| layer.macs).sum();
    assert_eq!(attributed, network.macs().0, "{names:?}");
    // What the runtime computes without a name of ours is next to nothing: the input's own node.
    let unknown: Vec<_> = layers.iter().filter(|layer| layer.model_nodes.is_empty()).collect();
    assert!(unknown.len() <= 1, "{unknown:?}");
}

#[cfg(feature = "tract")]
fn rounds_of(nodes: &[TracedNode]) -> Vec<NodeRounds> {
    let of = |node: &TracedNode| NodeRounds {
        name: node.name.clone(),
        operator: node.operator.clone(),
        multiply_adds: node.multiply_adds,
        is_everywhere: true,
        round_ns: Vec::new(),
    };
    nodes.iter().map(of).collect()
}
