use rand::SeedableRng;

use super::*;
use crate::spec::Macs;

fn mobile() -> SearchSpace {
    SpaceFile::built_in("proxylessnas-mobile").unwrap().resolve().unwrap()
}

fn labels(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn the_mobile_space_has_the_papers_size() {
    let space = mobile();
    assert_eq!(space.blocks().len(), 21);
    let with_skip = space.blocks().iter().filter(|block| block.candidates.len() == 7).count();
    assert_eq!(with_skip, 15);
    // 6⁶·7¹⁵ = 46,656 · 4,747,561,509,943 = 2.215e17.
    assert!((space.log10_networks() - 2.215e17_f64.log10()).abs() < 1e-3);
    // Two shapes (first, others) in five stages and one in the last, six candidates each, plus five fixed ops.
    assert_eq!(space.distinct_ops().len(), 11 * 6 + 5);
}

/// Blocks and widths as in the authors' released configuration of ProxylessNAS-Mobile, whose first stage has 32
/// channels; 320.4 M MACs (batch normalization folded) and 4.08 M parameters.
#[test]
fn proxylessnas_mobile_has_its_published_size() {
    let mut file = SpaceFile::built_in("proxylessnas-mobile").unwrap();
    file.stages[0].channels = 32;
    let space = file.resolve().unwrap();
    let chosen = labels(
        "e3k5 e3k3 skip skip  e3k7 e3k3 e3k5 e3k5  e6k7 e3k5 e3k5 e3k5  e6k5 e3k5 e3k5 e3k5  \
         e6k7 e6k7 e3k7 e3k7  e6k7",
    );
    let network = space.network("proxylessnas-mobile", &space.choices(&chosen).unwrap()).unwrap();
    assert_eq!((network.macs().millions() * 10.0).round() / 10.0, 320.4);
    assert_eq!((network.parameters() as f64 / 1e4).round() / 100.0, 4.08);
}

/// MobileNetV2-1.0 at 224: 300 M MACs, 3.4 M parameters. Source: arXiv:1801.04381, table 4.
#[test]
fn mobilenetv2_has_its_published_size() {
    let mut file = SpaceFile::built_in("proxylessnas-mobile").unwrap();
    let stages = [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)];
    file.stages =
        stages.map(|(channels, blocks, stride)| crate::spec::Stage { channels, blocks, stride }).to_vec();
    let network = file.resolve().unwrap().baseline().unwrap();
    assert_eq!(network.macs().millions().round(), 301.0);
    // By hand: 3.505 M with both scale and shift of each batch normalization, as the paper's 3.4 M rounds.
    assert_eq!(network.parameters(), 3_504_872);
}

#[test]
fn the_wide_space_has_blocks_without_expansion() {
    let space = SpaceFile::built_in("proxylessnas-wide").unwrap().resolve().unwrap();
    // Two strides of 2: four candidates there, five in the other five blocks. 4²·5⁵ = 16 · 3,125.
    assert!((space.log10_networks() - 50_000_f64.log10()).abs() < 1e-9);
    // Per stage its first block and the others, of which the first stage has none; four candidates each, five fixed ops.
    assert_eq!(space.distinct_ops().len(), 5 * 4 + 5);
    let least =
        space.network("x", &space.choices(&labels("skip e1k3 skip skip e1k3 skip skip")).unwrap()).unwrap();
    let keys: Vec<_> = least.ops().iter().map(OpSpec::key).collect();
    assert_eq!(keys[2..4], ["mbconv-14x14x24-o48-e1-k3-s2-relu6", "mbconv-7x7x48-o96-e1-k3-s2-relu6"]);
}

#[test]
fn skipping_everything_leaves_the_fixed_ops_and_first_blocks() {
    let space = SpaceFile::built_in("proxylessnas-small").unwrap().resolve().unwrap();
    let last: Vec<_> = space.blocks().iter().map(|block| block.candidates.len() - 1).collect();
    let network = space.network("least", &last).unwrap();
    assert_eq!(network.ops().len(), 2 + 3 + 3);
    assert_eq!(network.path().unwrap().1.iter().filter(|label| *label == "skip").count(), 6);
}

#[test]
fn random_networks_are_seeded_and_differ() {
    let space = mobile();
    let draw = |seed| space.random_choices(&mut rand_pcg::Pcg64::seed_from_u64(seed));
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let key = |seed| space.network("random", &draw(seed)).unwrap().key();
    assert_eq!(key(1), key(1));
    assert_ne!(key(1), key(2));
}

#[test]
fn wrong_choices_are_named() {
    let space = mobile();
    let error = space.network("x", &[9; 21]).unwrap_err().to_string();
    assert!(error.contains("block 0 has no candidate 9, only 0 to 5"), "{error}");
    let error = space.network("x", &[0; 3]).unwrap_err().to_string();
    assert!(error.contains("3 choices for 21 blocks"), "{error}");
    let mut chosen = vec!["e6k3".to_owned(); 21];
    chosen[0] = "skip".to_owned();
    let error = space.choices(&chosen).unwrap_err().to_string();
    assert!(error.contains("block 0 has no candidate `skip`"), "{error}");
}

#[test]
fn width_and_resolution_scale_the_work() {
    let file = SpaceFile::built_in("proxylessnas-mobile").unwrap();
    let macs = |file: SpaceFile| file.resolve().unwrap().baseline().unwrap().macs();
    let (full, narrow) = (macs(file.clone()), macs(file.clone().with_width(0.5)));
    let small = macs(file.with_resolution(112));
    assert!(narrow < full && small < full);
    assert!(narrow > Macs(full.0 / 4), "channels round up and the head keeps its width");
}

#[test]
fn uniform_networks_take_the_closest_candidate() {
    let space = SpaceFile::built_in("proxylessnas-mobile").unwrap().resolve().unwrap();
    let labels = |expansion, kernel| space.uniform(expansion, kernel).unwrap().path().unwrap().1.to_vec();
    assert_eq!(labels(3, 7), vec!["e3k7"; 21]);
    // The expansion comes first: 6 is closer to 9 than 3, whatever the kernel.
    assert_eq!(labels(9, 5), vec!["e6k5"; 21]);
    assert_eq!(labels(6, 3), space.baseline().unwrap().path().unwrap().1);
}

#[test]
fn squeeze_excite_is_a_choice_where_the_file_says_so() {
    let text =
        crate::spec::space_file::BUILT_IN[2].1.replace("skip = true", "skip = true\nsqueeze_excite = [0, 4]");
    let space = SpaceFile::parse(&text).unwrap().resolve().unwrap();
    let labels: Vec<_> = space.blocks()[0].candidates.iter().map(Candidate::to_string).collect();
    assert_eq!(labels, ["e1k3", "e1k3se4", "e1k5", "e1k5se4", "e3k3", "e3k3se4", "e3k5", "e3k5se4", "skip"]);
    let chosen = vec!["e3k5se4".to_owned(); 7];
    let network = space.network("x", &space.choices(&chosen).unwrap()).unwrap();
    assert_eq!(network.ops()[3].key(), "mbconv-14x14x24-o48-e3-k5-s2-se4-relu6");
    // Baselines do without it.
    assert_eq!(space.uniform(3, 5).unwrap().path().unwrap().1, vec!["e3k5"; 7]);
    let wrong = text.replace("[0, 4]", "[]");
    assert!(SpaceFile::parse(&wrong).unwrap().resolve().unwrap_err().to_string().contains("squeeze_excite"));
    let wrong = text.replace("[0, 4]", "[0, 99]");
    assert!(SpaceFile::parse(&wrong).unwrap().resolve().unwrap_err().to_string().contains("99"));
}
