use super::{test_machine::machine, *};

fn phone() -> tempfile::TempDir {
    let core = |n: usize, part: &str| {
        format!("processor\t: {n}\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: {part}\n\n")
    };
    let cpuinfo = core(0, "0xd05") + &core(1, "0xd05") + &core(2, "0xd41") + &core(3, "0xfff");
    let cpu = "sys/devices/system/cpu";
    let path = |core: usize, file: &str| format!("{cpu}/cpu{core}/{file}");
    let mut files: Vec<(String, String)> = [
        ("proc/cpuinfo", cpuinfo.as_str()),
        ("proc/sys/kernel/osrelease", "5.10.81-android12\n"),
        ("proc/meminfo", "MemTotal:        5800000 kB\nMemAvailable:    2100000 kB\n"),
        ("proc/loadavg", "1.50 0.75 0.25 2/900 4321\n"),
        ("sys/firmware/devicetree/base/model", "Test Phone 5\0"),
        ("sys/devices/system/cpu/cpufreq/boost", "0\n"),
        ("sys/class/thermal/thermal_zone0/temp", "41500\n"),
        ("sys/class/thermal/thermal_zone0/type", "cpu-0\n"),
        ("sys/class/thermal/thermal_zone2/temp", "-273000\n"),
        ("sys/class/thermal/thermal_zone2/type", "broken\n"),
        ("sys/class/thermal/thermal_zone10/temp", "38000\n"),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into();
    for (index, level, kind, size) in
        [(0, 1, "Data", "32K"), (1, 1, "Instruction", "32K"), (3, 3, "Unified", "2M")]
    {
        let level = level.to_string();
        for (file, text) in [("level", level.as_str()), ("type", kind), ("size", size)] {
            files.push((path(0, &format!("cache/index{index}/{file}")), format!("{text}\n")));
        }
    }
    for (core, capacity, max_khz) in [(0, 350, 1_900_000), (1, 350, 1_900_000), (2, 1024, 2_400_000)] {
        files.push((path(core, "cpu_capacity"), format!("{capacity}\n")));
        files.push((path(core, "cpufreq/cpuinfo_min_freq"), "300000\n".to_owned()));
        files.push((path(core, "cpufreq/cpuinfo_max_freq"), format!("{max_khz}\n")));
        files.push((path(core, "cpufreq/scaling_cur_freq"), format!("{}\n", max_khz / 2)));
        files.push((path(core, "cpufreq/scaling_governor"), "schedutil\n".to_owned()));
    }
    // Core 3 is offline: its folder is there, and next to nothing in it.
    files.push((path(3, "online"), "0\n".to_owned()));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    machine(&files)
}

#[test]
fn a_phone_is_read_whole() {
    let phone = phone();
    let device = Device::read(phone.path());
    assert_eq!(device.model.as_deref(), Some("Test Phone 5"));
    assert_eq!(device.kernel.as_deref(), Some("5.10.81-android12"));
    let [_, _, big, off] = &device.cores[..] else { panic!("{:?}", device.cores) };
    assert_eq!((big.name.as_deref(), big.governor.as_deref()), (Some("Cortex-A78"), Some("schedutil")));
    assert_eq!(big.min_khz, Some(300_000));
    assert_eq!(off.name.as_deref(), Some("implementer 0x41 part 0xfff"));
    assert_eq!((off.capacity, &off.governor), (None, &None));
    let clusters: Vec<&[usize]> = device.clusters.iter().map(|cluster| cluster.cores.as_slice()).collect();
    assert_eq!(clusters, [&[2][..], &[0, 1], &[3]]);
    assert_eq!((device.clusters[0].capacity, device.clusters[0].max_khz), (Some(1024), Some(2_400_000)));
    let cpu = "1x Cortex-A78 + 2x Cortex-A55 + 1x implementer 0x41 part 0xfff";
    assert_eq!(device.cpu.as_deref(), Some(cpu));
    assert_eq!(device.name(), format!("Test Phone 5 ({cpu}, 4 cores)"));
    // 2 MiB are 2048 KiB; the instruction cache holds no data.
    assert_eq!(device.cache_kib, [32, 2048]);
    assert_eq!(device.memory_kib, Some(5_800_000));
    assert_eq!(device.cpu_features, ["fp", "asimd"]);
    // Nothing speaks of a hypervisor, but on ARM nothing would have to.
    assert_eq!(device.virtualised, None);
}

#[test]
fn moments_are_read_and_broken_sensors_left_out() {
    let phone = phone();
    let state = MachineState::read(phone.path());
    assert_eq!(state.frequency_khz, [Some(950_000), Some(950_000), Some(1_200_000), None]);
    let zone = |name: &str, celsius| ThermalZone { name: name.to_owned(), celsius };
    assert_eq!(state.thermal, [zone("cpu-0", 41.5), zone("thermal_zone10", 38.0)]);
    assert_eq!(state.load_average, Some([1.5, 0.75, 0.25]));
    assert_eq!(state.memory_available_kib, Some(2_100_000));
}

#[test]
fn virtual_machines_are_told_where_they_can_be() {
    for (path, text, expected) in [
        ("proc/cpuinfo", "processor: 0\nflags: fpu hypervisor\n", Some(true)),
        ("proc/cpuinfo", "processor: 0\nflags: fpu\n", Some(false)),
        ("sys/hypervisor/type", "xen\n", Some(true)),
        ("sys/class/dmi/id/product_name", "KVM Virtual Machine\n", Some(true)),
    ] {
        let found = Device::read(machine(&[(path, text)]).path());
        assert_eq!(found.virtualised, expected, "{path}: {text}");
    }
}

#[test]
fn an_unreadable_machine_invents_nothing() {
    let empty = machine(&[]);
    let device = Device::read(empty.path());
    assert_eq!(device.name(), format!("unnamed {} machine", std::env::consts::ARCH));
    assert_eq!((&device.model, &device.cpu, &device.kernel), (&None, &None, &None));
    assert_eq!((device.memory_kib, device.virtualised), (None, None));
    assert!(device.cores.is_empty() && device.clusters.is_empty() && device.cache_kib.is_empty());
    assert_eq!(MachineState::read(empty.path()), MachineState::default());
    let text = serde_json::to_string(&device).unwrap();
    assert!(!text.contains("null"), "{text}");
    assert_eq!(serde_json::from_str::<Device>(&text).unwrap(), device);
}

#[test]
fn malformed_files_are_as_good_as_absent() {
    let odd = machine(&[
        ("proc/loadavg", "1.0 nan\n"),
        ("proc/meminfo", "MemTotal: lots\nMemAvailable 12 kB\n"),
        ("sys/devices/system/cpu/cpu0/cpu_capacity", "-5\n"),
        ("sys/devices/system/cpu/cpu0/cache/index0/level", "1\n"),
        ("sys/devices/system/cpu/cpu0/cache/index0/type", "Data\n"),
        ("sys/devices/system/cpu/cpu0/cache/index0/size", "huge\n"),
        ("sys/class/thermal/thermal_zone0/temp", "hot\n"),
    ]);
    let device = Device::read(odd.path());
    assert_eq!((device.memory_kib, device.cores[0].capacity), (None, None));
    assert!(device.cache_kib.is_empty());
    let state = MachineState::read(odd.path());
    assert_eq!((state.load_average, state.thermal), (None, vec![]));
}

#[test]
fn this_machine_has_a_core_and_a_build() {
    let device = Device::of_this_machine();
    assert!(!device.cores.is_empty());
    assert!(device.build_target.contains(std::env::consts::ARCH), "{}", device.build_target);
    assert_eq!(device, Device::of_this_machine(), "what stays does not depend on the moment");
}
