use super::Condition;
use profiler::{device::Place, doctor::Finding, measure::HeatLimits};

/// Below it phones slow down.
const LOWEST_PERCENT: f64 = 30.0;
/// Distance to keep from where measurements pause.
const MARGIN_CELSIUS: f64 = 5.0;
const MOST_TASKS: f64 = 1.5;
const LEAST_KIB: u64 = 100_000;

/// What of a phone's condition would spoil measurements, and how to fix it.
pub(crate) fn examine(phone: &Condition) -> Vec<Finding> {
    let battery = phone.battery.clone().unwrap_or_default();
    let off = |is_on: bool| (!is_on, if is_on { "on" } else { "off" }.to_owned());
    let governors = phone.governors.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    // What is checked; whether it is good and what was seen, where the phone says; what to do where it is not.
    let checks = [
        (
            "programs",
            phone.facts.abi.clone().map(|abi| (abi == "arm64-v8a", abi)),
            "Tailor builds for arm64-v8a only: use another phone",
        ),
        (
            "screen",
            phone.awake.map(off),
            "drawing takes time and heats: `adb shell input keyevent KEYCODE_SLEEP`, flight mode, other apps closed",
        ),
        (
            "charging",
            battery.charging.map(|yes| (!yes, if yes { "yes" } else { "no" }.to_owned())),
            "charging heats: charge it full first, or use `adb tcpip 5555` and measure without the cable",
        ),
        (
            "battery",
            battery.level_percent.map(|percent| (percent >= LOWEST_PERCENT, format!("{percent:.0} %"))),
            "phones slow down when it is low: charge it",
        ),
        (
            "battery saver",
            phone.saving_power.map(off),
            "it holds the processor back: `adb shell settings put global low_power 0`",
        ),
        ("heat", heat(phone), "close to where measurements pause: let it cool, without its case"),
        (
            "held back for heat",
            phone.thermal_status.map(|status| (status == 0, format!("level {status} of 6"))),
            "Android slows it down already: let it cool, and measure again",
        ),
        (
            "governor",
            (!governors.is_empty()).then(|| (governors == "performance", governors)),
            "the frequency follows the load. From Android 11, where the maker allows it: `adb shell cmd power \
             set-fixed-performance-mode-enabled true`, and `false` afterwards",
        ),
        (
            "other load",
            phone
                .load_1min
                .map(|tasks| (tasks <= MOST_TASKS, format!("{tasks:.1} tasks on average over a minute"))),
            "wait until updates and syncing are done, or restart the phone",
        ),
        (
            "free space",
            phone
                .free_kib
                .map(|kib| (kib >= LEAST_KIB, format!("{} MB", kib.saturating_mul(1024) / 1_000_000))),
            "make room: the profiler and its tables take some tens of MB",
        ),
    ];
    let finding = |(check, found, advice): (&'static str, Option<(bool, String)>, &str)| match found {
        None => Finding::unknown(check, "the phone does not say"),
        Some((true, seen)) => Finding::ok(check, seen),
        Some((false, seen)) => Finding::warn(check, seen, advice),
    };
    checks.map(finding).to_vec()
}

fn heat(phone: &Condition) -> Option<(bool, String)> {
    let limits = HeatLimits::default();
    let places = [("skin", Place::Skin, limits.skin_celsius), ("processor", Place::Soc, limits.soc_celsius)];
    let known = places.into_iter().filter_map(|(name, place, limit)| {
        let celsius = phone.hottest_celsius(place)?;
        Some((celsius < limit - MARGIN_CELSIUS, format!("{name} {celsius:.0} °C")))
    });
    known.reduce(|(cool, seen), (also, more)| (cool && also, format!("{seen}, {more}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adb::PhoneFacts, doctor::condition::Battery};
    use profiler::{device::ThermalZone, doctor::State};

    #[test]
    fn a_phone_ready_to_be_measured_needs_nothing_and_a_silent_one_is_not_judged() {
        let cool = |name: &str, celsius| ThermalZone { name: name.to_owned(), celsius };
        let ready = Condition {
            facts: PhoneFacts { abi: Some("arm64-v8a".to_owned()), ..PhoneFacts::default() },
            governors: ["performance".to_owned()].into(),
            temperatures: vec![cool("skin", 30.0), cool("cpu0", 50.0)],
            thermal_status: Some(0),
            battery: Some(Battery { level_percent: Some(90.0), celsius: Some(28.0), charging: Some(false) }),
            awake: Some(false),
            saving_power: Some(false),
            load_1min: Some(0.3),
            free_kib: Some(1 << 20),
            ..Condition::default()
        };
        assert!(examine(&ready).iter().all(|finding| finding.state == State::Ok), "{:?}", examine(&ready));
        let silent = examine(&Condition::default());
        assert!(silent.iter().all(|finding| finding.state == State::Unknown), "{silent:?}");
    }

    #[test]
    fn whatever_would_spoil_measurements_is_named_with_its_remedy() {
        let spoilt = Condition {
            facts: PhoneFacts { abi: Some("armeabi-v7a".to_owned()), ..PhoneFacts::default() },
            governors: ["powersave".to_owned()].into(),
            thermal_status: Some(3),
            // 40.5 °C is within 5 °C of the limit of 45 °C.
            battery: Some(Battery { level_percent: Some(12.0), celsius: Some(40.5), charging: Some(true) }),
            awake: Some(true),
            saving_power: Some(true),
            load_1min: Some(4.0),
            free_kib: Some(1_000),
            ..Condition::default()
        };
        let findings = examine(&spoilt);
        assert!(
            findings.iter().all(|finding| finding.state == State::Warn && !finding.advice.is_empty()),
            "{findings:?}"
        );
    }
}
