use profiler::spec::SpaceFile;
use serde_json::{Value, json};

use super::*;

fn conv_layer(kernel: u32, stride: u32, from: u32, to: u32) -> Value {
    json!({
        "name": "ConvLayer", "kernel_size": kernel, "stride": stride, "dilation": 1, "groups": 1, "bias": false,
        "has_shuffle": false, "in_channels": from, "out_channels": to, "use_bn": true, "act_func": "relu6",
        "dropout_rate": 0, "ops_order": "weight_bn_act"
    })
}

fn shortcut(channels: u32) -> Value {
    json!({
        "name": "IdentityLayer", "in_channels": channels, "out_channels": channels, "use_bn": false,
        "act_func": null, "dropout_rate": 0, "ops_order": "weight_bn_act"
    })
}

fn block(middle: Value, shortcut: Value) -> Value {
    json!({"name": "MobileInvertedResidualBlock", "mobile_inverted_conv": middle, "shortcut": shortcut})
}

fn mbconv(channels: [u32; 2], kernel: u32, stride: u32, expansion: u32) -> Value {
    json!({
        "name": "MBInvertedConvLayer", "in_channels": channels[0], "out_channels": channels[1],
        "kernel_size": kernel, "stride": stride, "expand_ratio": expansion
    })
}

fn small() -> Value {
    json!({
        "name": "ProxylessNASNets",
        "bn": {"momentum": 0.1, "eps": 1e-5},
        "first_conv": conv_layer(3, 2, 3, 8),
        "feature_mix_layer": conv_layer(1, 1, 16, 32),
        "classifier": {
            "name": "LinearLayer", "in_features": 32, "out_features": 5, "bias": true, "use_bn": false,
            "act_func": null, "dropout_rate": 0, "ops_order": "weight_bn_act"
        },
        "blocks": [
            block(mbconv([8, 16], 3, 2, 1), Value::Null),
            block(json!({"name": "ZeroLayer", "stride": 1}), shortcut(16)),
            block(mbconv([16, 16], 7, 1, 6), shortcut(16)),
        ]
    })
}

fn read(config: &Value) -> Result<Architecture, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("small.config");
    std::fs::write(&path, config.to_string()).unwrap();
    read_config(&path, 32).map_err(|e| e.to_string())
}

#[test]
fn a_config_is_the_ops_it_describes_and_comes_back_the_same() {
    let network = read(&small()).unwrap();
    let keys: Vec<_> = network.ops().iter().map(OpSpec::key).collect();
    let expected = [
        "conv-32x32x3-o8-k3-s2-relu6",
        "mbconv-16x16x8-o16-e1-k3-s2-relu6",
        "mbconv-8x8x16-o16-e6-k7-s1-relu6-res",
        "conv-8x8x16-o32-k1-s1-relu6",
        "gpool-8x8x32",
        "linear-1x1x32-o5",
    ];
    assert_eq!(keys, expected);
    assert_eq!(network.path().unwrap().1, ["e1k3", "skip", "e6k7"]);
    let written = serde_json::to_value(config(&network).unwrap()).unwrap();
    let whole = |value: &Value| read(value).map(|network| network.key());
    assert_eq!(whole(&written), whole(&small()));
    assert_eq!(written["blocks"], small()["blocks"].as_array().map(|blocks| numbers(blocks)).unwrap());
}

/// Dropout of 0 is written as 0.0.
fn numbers(blocks: &[Value]) -> Value {
    let mut blocks = blocks.to_vec();
    for block in &mut blocks {
        if let Some(rate) = block["shortcut"].get_mut("dropout_rate") {
            *rate = json!(0.0);
        }
    }
    Value::from(blocks)
}

#[test]
fn a_path_of_our_space_comes_back_with_its_skipped_blocks() {
    let space = SpaceFile::built_in("proxylessnas-mobile").unwrap().resolve().unwrap();
    let mut choices = vec![0; space.blocks().len()];
    choices[1] = space.blocks()[1].candidates.len() - 1;
    let network = space.network("net", &choices).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.config");
    write_config(&path, &network).unwrap();
    let again = read_config(&path, 224).unwrap();
    assert_eq!((again.ops(), again.name()), (network.ops(), "net"));
    // The fixed first block has no label in our space, and one here.
    let labels = again.path().unwrap().1;
    assert_eq!((labels.len(), labels[0].as_str(), labels[2].as_str()), (22, "e1k3", "skip"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let change = |pointer: &str, value: Value| {
        let mut config = small();
        *config.pointer_mut(pointer).unwrap() = value;
        read(&config).unwrap_err()
    };
    let mut unknown = small();
    unknown["first_conv"]["se_ratio"] = json!(4);
    for (error, named) in [
        (read(&unknown).unwrap_err(), "se_ratio"),
        (change("/name", json!("MobileNetV3")), "MobileNetV3"),
        (change("/first_conv/has_shuffle", json!(true)), "`has_shuffle` is true"),
        (change("/blocks/2/mobile_inverted_conv/in_channels", json!(24)), "blocks[2]: `in_channels` is 24"),
        (change("/blocks/2/mobile_inverted_conv/name", json!("Conv")), "Conv"),
        (change("/blocks/1/shortcut", Value::Null), "blocks[1]: a ZeroLayer without shortcut"),
        (change("/blocks/2/mobile_inverted_conv/stride", json!(2)), "shortcut: `stride` is 2"),
        (change("/blocks/2/mobile_inverted_conv/kernel_size", json!(4)), "blocks[2]: "),
        (change("/classifier/in_features", json!(31)), "classifier: `in_features` is 31"),
        (change("/first_conv/act_func", json!("mish")), "mish"),
    ] {
        assert!(error.contains(named) && error.contains("small.config"), "{error}");
    }
}

#[test]
fn networks_of_another_form_are_refused() {
    let only = Architecture::new("op", None, vec!["gpool-8x8x32".parse().unwrap()]).unwrap();
    assert!(config(&only).is_err());
    let squeezed = "conv-32x32x3-o8-k3-s2-relu6 mbconv-16x16x8-o8-e6-k3-s1-se4-relu6 conv-16x16x8-o16-k1-s1-relu6 \
                    gpool-16x16x16 linear-1x1x16-o4";
    let ops = squeezed.split(' ').map(|key| key.parse().unwrap()).collect();
    let error = config(&Architecture::new("se", None, ops).unwrap()).unwrap_err();
    assert!(error.contains("without squeeze-excite"), "{error}");
}

/// The authors' own files. ProxylessNAS-Mobile has 320.4 M multiply-accumulates and 4.08 M parameters.
#[test]
#[ignore = "public_tables: needs the folder TAILOR_TABLES"]
fn public_tables_released_configs_are_read_and_written() {
    let Some(folder) = std::env::var_os("TAILOR_TABLES") else { panic!("TAILOR_TABLES is not set") };
    let folder = Path::new(&folder).join("proxylessnas");
    let mobile = read_config(&folder.join("proxyless_mobile.config"), 224).unwrap();
    assert!((mobile.macs().0 as f64 / 1e6 - 320.4).abs() < 0.5, "{}", mobile.macs());
    assert!((mobile.parameters() as f64 / 1e6 - 4.08).abs() < 0.01, "{}", mobile.parameters());
    for name in ["mobile", "mobile_14", "cpu", "gpu"] {
        let path = folder.join(format!("proxyless_{name}.config"));
        let network = read_config(&path, 224).unwrap();
        let theirs: Network = serde_json::from_str(&read_text(&path).unwrap()).unwrap();
        let mut ours = config(&network).unwrap();
        ours.bn = file::BatchNorm { momentum: 0.1, eps: 0.001 };
        assert_eq!(ours, theirs, "{name}");
    }
}
