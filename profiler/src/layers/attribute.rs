//! Which of a model's nodes each runtime node computes.

use std::collections::{BTreeMap, HashMap};

use super::{NodeRounds, names::Names, neighbours::Neighbours};
use crate::onnx::{Outline, OutlineNode, Work, work};

/// Part of a network: some nodes of the model, and the runtime nodes that compute them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layer {
    /// Name of the model's node that gave the runtime nodes their names; the runtime node's where none did.
    pub name: String,
    /// Positions of the runtime nodes, in running order.
    pub runtime_nodes: Vec<usize>,
    /// Positions of the model's nodes, in the model's order; empty for what only the runtime knows, such as a change of
    /// layout between layers.
    pub model_nodes: Vec<usize>,
    /// Multiply-accumulates; `None` where they cannot be told.
    pub macs: Option<u64>,
    /// Position of the op in [`Outline::ops`].
    pub op: Option<usize>,
}

fn multiplies(node: &OutlineNode) -> bool {
    work(&node.operator) == Work::Counted
}

/// Multiply-accumulates by position of the model's node, from a runtime's account of them by node name.
pub fn macs_by_node(outline: &Outline, named: &[(String, u64)]) -> BTreeMap<usize, u64> {
    let names = Names::of(outline);
    let mut macs = BTreeMap::new();
    for (name, count) in named {
        if let Some(node) = names.find(name).filter(|node| multiplies(&outline.nodes[*node])) {
            *macs.entry(node).or_insert(0) += count;
        }
    }
    macs
}

/// Sorts runtime nodes in running order into layers.
///
/// A runtime node belongs to the model's node whose name it carries. Nodes that carry none and were made in some loads only
/// are one layer for each operator. A model's node whose name none carries was fused:
/// one that multiplies into what follows it, as a convolution into its activation, any other into what comes before it,
/// as an activation into its convolution. Where the runtime's own account of multiply-adds says that the
/// nodes with a convolution's name only prepare it, whatever follows it multiplies: both are one layer. Every runtime
/// node is in exactly one layer.
pub fn attribute(runtime_nodes: &[NodeRounds], outline: &Outline, macs: &BTreeMap<usize, u64>) -> Vec<Layer> {
    let names = Names::of(outline);
    let mut layers: Vec<Layer> = Vec::new();
    let mut layer_of: HashMap<usize, usize> = HashMap::new();
    let mut passing: HashMap<&str, usize> = HashMap::new();
    for (position, NodeRounds { name, operator, is_everywhere, .. }) in runtime_nodes.iter().enumerate() {
        let node = names.find(name);
        let is_passing = node.is_none() && !is_everywhere;
        let known = match node {
            Some(node) => layer_of.get(&node).copied(),
            None => passing.get(operator.as_str()).copied().filter(|_| is_passing),
        };
        let layer = known.unwrap_or_else(|| {
            let own = if is_passing { operator } else { name };
            let name = node.map_or(own, |node| &outline.nodes[node].name).clone();
            layers.push(Layer { name, op: node.and_then(|node| outline.nodes[node].op), ..Layer::default() });
            layers.len() - 1
        });
        layers[layer].runtime_nodes.push(position);
        if is_passing {
            passing.insert(operator, layer);
        }
        if let Some(node) = node {
            layer_of.insert(node, layer);
        }
    }
    let neighbours = Neighbours::of(outline);
    join_prepared(&mut layers, &mut layer_of, runtime_nodes, outline, &neighbours);
    let has_strangers = (0..layers.len()).any(|layer| layer_of.values().all(|known| *known != layer));
    let mut is_lost = false;
    for node in 0..outline.nodes.len() {
        // What does nobody knows what, such as a branch, is not fused: it may be any of the nodes that only the runtime
        // knows.
        let is_unknown = work(&outline.nodes[node].operator) == Work::Unknown;
        if is_unknown && has_strangers && !layer_of.contains_key(&node) {
            is_lost = true;
            continue;
        }
        let home = layer_of.get(&node).copied().or_else(|| {
            let first =
                |direction| neighbours.first_known(node, direction, &layer_of).map(|(_, layer)| layer);
            let forwards = || first(&neighbours.after);
            let backwards = || first(&neighbours.before);
            if multiplies(&outline.nodes[node]) {
                forwards().or_else(backwards)
            } else {
                backwards().or_else(forwards)
            }
        });
        match home {
            Some(home) => layers[home].model_nodes.push(node),
            // Computed before the network ever ran, such as a constant; or by a node that only the runtime knows.
            None => is_lost |= has_strangers && multiplies(&outline.nodes[node]),
        }
    }
    for layer in &mut layers {
        let works = |node: &&usize| work(&outline.nodes[**node].operator) != Work::Nothing;
        if is_lost && layer.model_nodes.is_empty() {
            continue;
        }
        layer.macs = layer.model_nodes.iter().filter(works).map(|node| macs.get(node).copied()).sum();
    }
    layers
}

/// Joins layers whose runtime nodes only prepare a product with the layer after them, if that one multiplies and has no
/// product of its own.
fn join_prepared(
    layers: &mut Vec<Layer>,
    layer_of: &mut HashMap<usize, usize>,
    runtime_nodes: &[NodeRounds],
    outline: &Outline,
    neighbours: &Neighbours,
) {
    let made = |layer: &Layer| -> Option<u64> {
        layer.runtime_nodes.iter().map(|node| runtime_nodes[*node].multiply_adds).sum()
    };
    for node in (0..outline.nodes.len()).filter(|node| multiplies(&outline.nodes[*node])) {
        let Some(home) = layer_of.get(&node).copied() else { continue };
        let Some((after, next)) = neighbours.first_known(node, &neighbours.after, layer_of) else { continue };
        let is_prepared = made(&layers[home]) == Some(0) && made(&layers[next]) > Some(0);
        if next == home || !is_prepared || multiplies(&outline.nodes[after]) {
            continue;
        }
        let moved = std::mem::take(&mut layers[next].runtime_nodes);
        layers[home].runtime_nodes.extend(moved);
        layer_of.values_mut().filter(|layer| **layer == next).for_each(|layer| *layer = home);
    }
    // What was joined is empty now.
    let mut kept = 0;
    let position: Vec<usize> = layers
        .iter()
        .map(|layer| {
            kept += usize::from(!layer.runtime_nodes.is_empty());
            kept.saturating_sub(1)
        })
        .collect();
    layer_of.values_mut().for_each(|layer| *layer = position[*layer]);
    layers.retain(|layer| !layer.runtime_nodes.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, operator: &str, inputs: &[&str], output: &str) -> OutlineNode {
        OutlineNode {
            name: name.to_owned(),
            operator: operator.to_owned(),
            inputs: inputs.iter().map(|&name| name.to_owned()).collect(),
            outputs: vec![output.to_owned()],
            op: None,
        }
    }

    /// k → a (Conv, 100 MACs) → b (Relu) → c (Conv, 200) → d (Relu) → e (Add, with b).
    fn outline() -> Outline {
        let nodes = vec![
            node("k", "Constant", &[], "kv"),
            node("a", "Conv", &["x", "w"], "av"),
            node("b", "Relu", &["av"], "bv"),
            node("c", "Conv", &["bv", "w"], "cv"),
            node("d", "Relu", &["cv"], "dv"),
            node("e", "Add", &["dv", "bv"], "ev"),
        ];
        Outline { nodes, ops: Vec::new() }
    }

    fn runtime(nodes: &[(&str, Option<u64>)]) -> Vec<NodeRounds> {
        let node = |(name, multiply_adds): &(&str, Option<u64>)| NodeRounds {
            name: (*name).to_owned(),
            operator: "Any".to_owned(),
            multiply_adds: *multiply_adds,
            is_everywhere: true,
            round_ns: Vec::new(),
        };
        nodes.iter().map(node).collect()
    }

    fn untold(names: &[&str]) -> Vec<NodeRounds> {
        runtime(&names.iter().map(|name| (*name, None)).collect::<Vec<_>>())
    }

    /// Name, runtime nodes, model nodes, multiply-accumulates.
    type Found = (String, Vec<usize>, Vec<usize>, Option<u64>);

    fn layers(names: &[&str]) -> Vec<Found> {
        let macs = macs_by_node(&outline(), &[("a".into(), 100), ("c.mm".into(), 200), ("d.mul".into(), 9)]);
        let layers = attribute(&untold(names), &outline(), &macs);
        layers.into_iter().map(|l| (l.name, l.runtime_nodes, l.model_nodes, l.macs)).collect()
    }

    #[test]
    fn activations_fuse_backwards_and_convolutions_forwards() {
        // Named after the convolutions: each takes its activation in.
        let after_convolutions = [
            ("a".to_owned(), vec![0], vec![1, 2], Some(100)),
            ("c".to_owned(), vec![1, 2], vec![3, 4, 5], Some(200)),
        ];
        assert_eq!(layers(&["a", "c.im2col", "c.mm"]), after_convolutions);
        // Named after the activations: each takes its convolution in.
        let after_activations = [
            ("b".to_owned(), vec![0], vec![1, 2], Some(100)),
            ("d".to_owned(), vec![1], vec![3, 4, 5], Some(200)),
        ];
        assert_eq!(layers(&["b", "d"]), after_activations);
    }

    #[test]
    fn what_prepares_a_product_is_one_layer_with_what_multiplies() {
        // `a` packs, `b` is the product with its activation inside; `c` multiplies itself, `d` does not.
        let told = runtime(&[("a.pack", Some(0)), ("b", Some(107)), ("c", Some(200)), ("d", Some(9))]);
        let macs = BTreeMap::from([(1, 100), (3, 200)]);
        let layers = attribute(&told, &outline(), &macs);
        let found: Vec<_> =
            layers.iter().map(|l| (l.name.as_str(), l.runtime_nodes.clone(), l.macs)).collect();
        let expected = [("a", vec![0, 1], Some(100)), ("c", vec![2], Some(200)), ("d", vec![3], Some(0))];
        assert_eq!(found, expected);
        assert_eq!(layers[0].model_nodes, [1, 2]);
        // Without the runtime's account the names stand.
        assert_eq!(attribute(&untold(&["a.pack", "b"]), &outline(), &macs).len(), 2);
    }

    #[test]
    fn what_only_the_runtime_knows_is_a_layer_of_its_own() {
        let layers = layers(&["reorder", "a", "b", "c", "d", "e"]);
        assert_eq!(layers[0], ("reorder".to_owned(), vec![0], vec![], Some(0)));
        assert_eq!(layers[2], ("b".to_owned(), vec![2], vec![2], Some(0)));
        assert_eq!(layers.len(), 6);
    }

    #[test]
    fn multiply_accumulates_that_nobody_told_are_not_zero() {
        let nodes = untold(&["a", "b", "c", "d", "e"]);
        let layers = attribute(&nodes, &outline(), &BTreeMap::from([(1, 100)]));
        let macs: Vec<_> = layers.iter().map(|layer| layer.macs).collect();
        assert_eq!(macs, [Some(100), Some(0), None, Some(0), Some(0)]);

        let mut outline = outline();
        outline.nodes[4].operator = "com.microsoft.Attention".to_owned();
        let macs_of = || BTreeMap::from([(1, 100), (3, 200)]);
        let layers = attribute(&nodes, &outline, &macs_of());
        let macs: Vec<_> = layers.iter().map(|layer| layer.macs).collect();
        assert_eq!(macs, [Some(100), Some(0), Some(200), None, Some(0)]);
        // Without a runtime node of its name it may be the one that only the runtime knows.
        let layers = attribute(&untold(&["a", "b", "c", "IfThenElse", "e"]), &outline, &macs_of());
        let macs: Vec<_> = layers.iter().map(|layer| layer.macs).collect();
        assert_eq!(macs, [Some(100), Some(0), Some(200), None, Some(0)]);
        // Where no runtime node has a name of the model, its products are somewhere in them.
        let layers = attribute(&untold(&["Conv_0", "Conv_1"]), &self::outline(), &macs_of());
        assert!(
            layers.iter().all(|layer| layer.macs.is_none() && layer.model_nodes.is_empty()),
            "{layers:?}"
        );
    }

    #[test]
    fn what_only_some_loads_made_is_a_layer_for_each_operator() {
        let mut nodes = untold(&["Reorder 1", "a", "Reorder 2", "Pad 1", "b", "Reorder 3"]);
        let operators = ["Reorder", "Conv", "Reorder", "Pad", "Relu", "Reorder"];
        // The first is made at each load, and so by itself; `b` is known by its name.
        for (node, (operator, is_everywhere)) in
            nodes.iter_mut().zip(operators.iter().zip([true, true, false, false, false, false]))
        {
            (node.operator, node.is_everywhere) = ((*operator).to_owned(), is_everywhere);
        }
        let layers = attribute(&nodes, &outline(), &BTreeMap::new());
        let found: Vec<_> = layers.iter().map(|l| (l.name.as_str(), l.runtime_nodes.clone())).collect();
        let expected = [
            ("Reorder 1", vec![0]),
            ("a", vec![1]),
            ("Reorder", vec![2, 5]),
            ("Pad", vec![3]),
            ("b", vec![4]),
        ];
        assert_eq!(found, expected);
    }
}
