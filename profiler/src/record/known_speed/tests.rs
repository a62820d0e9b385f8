use super::*;
use crate::device::Cluster;

fn device() -> Device {
    let cluster = |cores: &[usize], name: Option<&str>, max_khz| {
        let (cores, name) = (cores.to_vec(), name.map(str::to_owned));
        Cluster { cores, name, max_khz, ..Cluster::default() }
    };
    let big = cluster(&[6, 7], Some("Cortex-A76"), Some(2_400_000));
    let clusters = vec![big, cluster(&[0, 1, 2], Some("Cortex-A55"), None), cluster(&[3], None, None)];
    Device { clusters, ..Device::read(Path::new("/nowhere")) }
}

fn conditions(cpus: &[usize]) -> Conditions {
    let (device, cpus) = ("test phone".to_owned(), cpus.to_vec());
    Conditions { device, cpus, ..crate::record::anchors::tests::conditions() }
}

fn read(folder: &Path) -> Result<Option<KnownSpeed>, ReadError> {
    KnownSpeed::read(folder, &conditions(&[7]), &device())
}

fn levels(ns: f64) -> BTreeMap<String, f64> {
    BTreeMap::from([("chain".to_owned(), ns)])
}

#[test]
fn sessions_are_kept_and_the_next_one_is_held_against_them() {
    let folder = tempfile::tempdir().unwrap();
    let folder = &folder.path().join("not/yet/there");
    let mut known = read(folder).unwrap().unwrap();
    assert_eq!(known.judge(&levels(100.0)), None, "nothing is known yet");
    known.add("a", "2026-01-01T00:00:00Z", &levels(109.0)).unwrap();
    // Faster: the known speed is what this one reached.
    known.add("b", "2026-01-02T00:00:00Z", &levels(100.0)).unwrap();
    let again = read(folder).unwrap().unwrap();
    let found = again.judge(&levels(112.0)).unwrap();
    assert!((found.ratio - 1.12).abs() < 1e-9);
    assert_eq!((found.session.as_str(), found.finished.as_str()), ("b", "2026-01-02T00:00:00Z"));
    assert!(found.warning().contains("12 % slower than that of session b (2026-01-02"));
    // Two at 109 are the known speed from now on: 100 was never reached again.
    known.add("c", "2026-01-03T00:00:00Z", &levels(109.0)).unwrap();
    assert_eq!(read(folder).unwrap().unwrap().judge(&levels(112.0)), None);
    // The same session again replaces what it said before; what is no time is no level.
    known.add("c", "2026-01-03T00:00:00Z", &levels(130.0)).unwrap();
    known.add("d", "2026-01-04T00:00:00Z", &levels(f64::NAN)).unwrap();
    known.add("e", "2026-01-05T00:00:00Z", &levels(0.0)).unwrap();
    let known = read(folder).unwrap().unwrap();
    let kept: Vec<(&str, f64)> =
        known.sessions.iter().map(|s| (s.session.as_str(), s.levels_ns["chain"])).collect();
    assert_eq!(kept, [("a", 109.0), ("b", 100.0), ("c", 130.0)]);
}

#[test]
fn the_latest_two_hundred_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut known = read(folder.path()).unwrap().unwrap();
    let levels_ns = levels(1.0);
    let session = |n: usize| SessionLevels {
        session: n.to_string(),
        finished: String::new(),
        levels_ns: levels_ns.clone(),
    };
    let old = (0..199).map(session);
    let kept = Kept { kind: known.kind.clone(), sessions: old.collect() };
    write_document(known.path(), FORMAT, VERSION, &kept).unwrap();
    known.add("x", "", &levels(1.0)).unwrap();
    assert_eq!((known.sessions.len(), known.sessions[0].session.as_str()), (200, "0"));
    known.add("y", "", &levels(1.0)).unwrap();
    assert_eq!((known.sessions.len(), known.sessions[0].session.as_str()), (200, "1"));
    assert_eq!(read(folder.path()).unwrap().unwrap().sessions, known.sessions);
}

#[test]
fn conditions_are_kept_apart_and_cores_of_a_kind_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = |conditions: &Conditions| {
        KnownSpeed::read(folder.path(), conditions, &device()).unwrap().unwrap().path().to_owned()
    };
    let seven = path(&conditions(&[7]));
    assert_eq!(path(&conditions(&[6])), seven);
    let mut all = vec![seven, path(&conditions(&[0])), path(&conditions(&[6, 7])), path(&conditions(&[]))];
    for change in [
        |c: &mut Conditions| c.threads = 2,
        |c: &mut Conditions| c.device.push('x'),
        |c: &mut Conditions| c.runtime.version.push('x'),
        |c: &mut Conditions| c.build_target.push('x'),
    ] {
        let mut changed = conditions(&[7]);
        change(&mut changed);
        all.push(path(&changed));
    }
    let count = all.len();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), count);
    let described = |cpus: &[usize]| cores(cpus, &device());
    assert_eq!(described(&[1, 7, 0]), "1x Cortex-A76 2400000 kHz + 2x Cortex-A55");
    assert_eq!((described(&[3]), described(&[9])), ("1x core".to_owned(), "1 unlisted".to_owned()));
    let mut emulated = conditions(&[7]);
    emulated.runtime.emulated = true;
    assert!(KnownSpeed::read(folder.path(), &emulated, &device()).unwrap().is_none());
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut known = read(folder.path()).unwrap().unwrap();
    known.add("a", "", &levels(100.0)).unwrap();
    let path = known.path().to_owned();
    let whole = std::fs::read_to_string(&path).unwrap();
    let newer = whole.replace("\"version\": 1", "\"version\": 2");
    let other = whole.replace("test phone", "another phone");
    for (text, reason) in [
        (&whole[..whole.len() / 2], "not valid JSON"),
        ("", "not valid JSON"),
        (&newer, "version 2 of `tailor-known-speed` is not known"),
        (&other, "other conditions"),
    ] {
        assert_ne!(text, whole);
        std::fs::write(&path, text).unwrap();
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(path.to_str().unwrap()), "{error}");
        let error = known.add("b", "", &levels(90.0)).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn profilers_that_finish_together_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..8 {
            // Each read before any of them wrote.
            let mut known = read(folder.path()).unwrap().unwrap();
            scope.spawn(move || known.add(&n.to_string(), "", &levels(100.0 + f64::from(n))).unwrap());
        }
    });
    let mut kept: Vec<String> =
        read(folder.path()).unwrap().unwrap().sessions.into_iter().map(|s| s.session).collect();
    kept.sort();
    assert_eq!(kept, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn the_folder_is_the_users_or_none() {
    let given = |own: Option<&str>, cache: Option<&str>, home: Option<&str>| {
        folder_in([own, cache, home].map(|path| path.map(OsString::from)))
    };
    let folder = |cache, home| given(None, cache, home);
    assert_eq!(given(Some("own"), Some("/c"), Some("/h")), Some("own".into()));
    assert_eq!(given(Some(""), None, Some("/h")), Some("/h/.cache/tailor/known-speed".into()));
    // Cargo gives tests one of their own.
    assert!(known_speed_folder().unwrap().ends_with("target/known-speed"));
    assert_eq!(folder(Some("/c"), Some("/h")), Some("/c/tailor/known-speed".into()));
    assert_eq!(folder(Some(""), Some("/h")), Some("/h/.cache/tailor/known-speed".into()));
    assert_eq!(folder(Some("relative"), None), None);
    assert_eq!(folder(None, Some("")), None);
    // One that cannot be made: a file is in its place.
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(read(&file.path().join("tailor")).unwrap().is_none());
}
