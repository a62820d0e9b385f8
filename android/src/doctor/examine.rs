use super::Condition;
use profiler::{device::Place, doctor::Finding, measure::HeatLimits};

/// What of a phone's condition would spoil measurements, and how to mend it.
#[must_use]
pub fn examine(phone: &Condition) -> Vec<Finding> {
    const CHECKS: [fn(&Condition) -> Finding; 10] =
        [abi, screen, charging, level, saver, heat, held_back, governor, load, space];
    CHECKS.iter().map(|check| check(phone)).collect()
}

const NOT_TOLD: &str = "the phone does not say";

fn abi(phone: &Condition) -> Finding {
    const CHECK: &str = "programs";
    match phone.facts.abi.as_deref() {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(abi) => Finding::unless(
            || abi == "arm64-v8a",
            CHECK,
            abi,
            "Tailor builds for arm64-v8a only: use another phone",
        ),
    }
}

fn screen(phone: &Condition) -> Finding {
    const CHECK: &str = "screen";
    match phone.awake {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(false) => Finding::ok(CHECK, "off"),
        Some(true) => Finding::warn(
            CHECK,
            "on",
            "drawing takes time and heats: `adb shell input keyevent KEYCODE_SLEEP`, flight mode, other apps closed",
        ),
    }
}

fn charging(phone: &Condition) -> Finding {
    const CHECK: &str = "charging";
    match phone.battery.as_ref().and_then(|battery| battery.charging) {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(false) => Finding::ok(CHECK, "no"),
        Some(true) => Finding::warn(
            CHECK,
            "yes",
            "charging heats: charge it full first, or use `adb tcpip 5555` and measure without the cable",
        ),
    }
}

fn level(phone: &Condition) -> Finding {
    const CHECK: &str = "battery";
    const LOWEST_PERCENT: f64 = 30.0;
    match phone.battery.as_ref().and_then(|battery| battery.level_percent) {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(percent) => Finding::unless(
            || percent >= LOWEST_PERCENT,
            CHECK,
            format!("{percent:.0} %"),
            "phones slow down when it is low: charge it",
        ),
    }
}

fn saver(phone: &Condition) -> Finding {
    const CHECK: &str = "battery saver";
    match phone.saving_power {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(false) => Finding::ok(CHECK, "off"),
        Some(true) => Finding::warn(
            CHECK,
            "on",
            "it holds the processor back: `adb shell settings put global low_power 0`",
        ),
    }
}

fn heat(phone: &Condition) -> Finding {
    const CHECK: &str = "heat";
    const MARGIN_CELSIUS: f64 = 5.0;
    let limits = HeatLimits::default();
    let told = [
        ("skin", phone.hottest_celsius(Place::Skin), limits.skin_celsius),
        ("processor", phone.hottest_celsius(Place::Soc), limits.soc_celsius),
    ];
    let known: Vec<_> =
        told.into_iter().filter_map(|(name, celsius, limit)| Some((name, celsius?, limit))).collect();
    if known.is_empty() {
        return Finding::unknown(CHECK, NOT_TOLD);
    }
    let seen = known.iter().map(|(name, celsius, _)| format!("{name} {celsius:.0} °C")).collect::<Vec<_>>();
    Finding::unless(
        || known.iter().all(|(_, celsius, limit)| *celsius < limit - MARGIN_CELSIUS),
        CHECK,
        seen.join(", "),
        "close to where measurements pause: let it cool, without its case",
    )
}

fn held_back(phone: &Condition) -> Finding {
    const CHECK: &str = "held back for heat";
    match phone.thermal_status {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(status) => Finding::unless(
            || status == 0,
            CHECK,
            format!("level {status} of 6"),
            "Android slows it down already: let it cool, and measure again",
        ),
    }
}

fn governor(phone: &Condition) -> Finding {
    const CHECK: &str = "governor";
    if phone.governors.is_empty() {
        return Finding::unknown(CHECK, NOT_TOLD);
    }
    let named = phone.governors.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    Finding::unless(
        || phone.governors.iter().all(|governor| governor == "performance"),
        CHECK,
        named,
        "the frequency follows the load. From Android 11, where the maker allows it: `adb shell cmd power \
         set-fixed-performance-mode-enabled true`, and `false` afterwards",
    )
}

fn load(phone: &Condition) -> Finding {
    const CHECK: &str = "other load";
    const MOST_TASKS: f64 = 1.5;
    match phone.load_1min {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(tasks) => Finding::unless(
            || tasks <= MOST_TASKS,
            CHECK,
            format!("{tasks:.1} tasks on average over a minute"),
            "wait until updates and syncing are done, or restart the phone",
        ),
    }
}

fn space(phone: &Condition) -> Finding {
    const CHECK: &str = "free space";
    const LEAST_KIB: u64 = 100_000;
    match phone.free_kib {
        None => Finding::unknown(CHECK, NOT_TOLD),
        Some(kib) => Finding::unless(
            || kib >= LEAST_KIB,
            CHECK,
            format!("{} MB", kib.saturating_mul(1024) / 1_000_000),
            "make room: the profiler and its tables take some tens of MB",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{adb::PhoneFacts, doctor::Battery};
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
