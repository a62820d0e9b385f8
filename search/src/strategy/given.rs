use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, error::ErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use toml::{Table, Value};

use super::{Preset, StrategyKind};

/// Settings of strategies by their names, of which any may be given; those of one name are one option.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GivenSettings(Table);

impl GivenSettings {
    /// Those that strategies have in a preset; where several have one of the same name, that of `chosen`.
    pub(crate) fn preset(preset: Preset, chosen: StrategyKind) -> Result<Self, toml::ser::Error> {
        let mut all = Table::new();
        for kind in StrategyKind::ALL.iter().chain([&chosen]) {
            all.extend(kind.preset(preset).table()?);
        }
        Ok(Self(all))
    }

    /// These in place of those of the same names.
    pub(super) fn over(&self, mut settings: Table) -> Table {
        for (name, value) in &mut settings {
            if let Some(given) = self.0.get(name) {
                value.clone_from(given);
            }
        }
        settings
    }
}

/// All strategies' options; of those of one name the first.
fn options() -> Vec<Arg> {
    let mut options: Vec<Arg> = Vec::new();
    for kind in StrategyKind::ALL {
        // Their place in help is where they are put, not where their settings have them.
        for option in kind.options(Command::new("").next_display_order(None)).get_arguments() {
            if !options.iter().any(|known| known.get_id() == option.get_id()) {
                options.push(option.clone());
            }
        }
    }
    options
}

impl Args for GivenSettings {
    fn augment_args(command: Command) -> Command {
        command.args(options())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for GivenSettings {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Self::default();
        given.update_from_arg_matches(matches)?;
        Ok(given)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for kind in StrategyKind::ALL {
            let mut settings = kind.preset(Preset::Quick);
            settings.update(matches)?;
            let too_large = format!("a number is larger than {}, the largest in TOML", i64::MAX);
            let settings =
                settings.table().map_err(|_| clap::Error::raw(ErrorKind::ValueValidation, too_large))?;
            self.0.extend(settings.into_iter().filter(|(name, _)| matches.contains_id(name)));
        }
        Ok(())
    }
}

impl Serialize for GivenSettings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = options();
        let names = options.iter().map(|option| option.get_id().as_str());
        serializer.collect_map(names.filter_map(|name| Some((name, self.0.get(name)?))))
    }
}

impl<'de> Deserialize<'de> for GivenSettings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let found = BTreeMap::<String, Option<Value>>::deserialize(deserializer)?;
        let options = options();
        let is_known = |name: &str| options.iter().any(|option| option.get_id() == name);
        if let Some(name) = found.keys().find(|name| !is_known(name)) {
            return Err(D::Error::custom(format!(
                "there is no setting `{name}`; `search config` prints all"
            )));
        }
        let given = Self(found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect());
        for kind in StrategyKind::ALL {
            let typed = kind.with(&given);
            typed.map_err(|error| D::Error::custom(error.to_string().trim_end().replace('\n', " ")))?;
        }
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::StrategySettings;

    fn told(line: &str) -> Result<GivenSettings, clap::Error> {
        let command = GivenSettings::augment_args(Command::new("search").no_binary_name(true));
        GivenSettings::from_arg_matches(&command.try_get_matches_from(line.split_whitespace())?)
    }

    #[test]
    fn what_is_given_goes_to_every_strategy_that_has_it() {
        let given = told("--networks-per-step 7 --decide-from 0.25").unwrap();
        assert_eq!(toml::to_string(&given).unwrap(), "decide_from = 0.25\nnetworks_per_step = 7\n");
        for kind in StrategyKind::ALL {
            let (with, without) = (kind.with(&given).unwrap(), kind.preset(Preset::Quick));
            assert_eq!((with.kind(), without.kind()), (*kind, *kind));
            let (with, without) = (with.table().unwrap(), without.table().unwrap());
            for (name, value) in with {
                assert_eq!(&value, given.0.get(&name).unwrap_or(&without[&name]), "{kind:?}: {name}");
            }
        }
        assert_eq!(told("").unwrap(), GivenSettings::default());
        assert!(
            told(&format!("--networks {}", u64::MAX)).unwrap_err().to_string().contains("largest in TOML")
        );
    }

    #[test]
    fn names_types_and_presets_are_checked() {
        let read = |text: &str| toml::from_str::<GivenSettings>(text).map_err(|error| error.to_string());
        assert!(read("networks = 3").is_ok());
        assert!(read("luck = 3").unwrap_err().contains("no setting `luck`"));
        assert!(read("networks = \"many\"").unwrap_err().contains("networks"));
        for (kind, preset) in
            StrategyKind::ALL.iter().flat_map(|kind| [(kind, Preset::Quick), (kind, Preset::Thorough)])
        {
            let settings = kind.preset(preset);
            settings.check().unwrap();
            assert_eq!(kind.with(&GivenSettings::preset(preset, *kind).unwrap()).unwrap(), settings);
            let mut written = serde_json::to_value(settings).unwrap();
            assert_eq!(serde_json::from_value::<StrategySettings>(written.clone()).unwrap(), settings);
            written["settings"]["luck"] = 3.into();
            assert!(
                serde_json::from_value::<StrategySettings>(written).unwrap_err().to_string().contains("luck")
            );
        }
    }
}
