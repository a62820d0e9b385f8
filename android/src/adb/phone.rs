use super::{Adb, Connection, Properties, parse_listing};
use crate::error::AndroidError;
use serde::Serialize;

/// A phone that `adb` knows of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Phone {
    pub(crate) serial: String,
    pub(crate) connection: Connection,
    pub(crate) remedy: Option<&'static str>,
    pub(crate) facts: Option<PhoneFacts>,
}

/// What a phone says of itself. A fact it does not say is absent, not guessed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PhoneFacts {
    /// Maker and model, as on the box.
    pub(crate) model: Option<String>,
    /// System on chip.
    pub(crate) soc: Option<String>,
    /// Instruction set of its programs; `arm64-v8a` is what Tailor builds for.
    pub(crate) abi: Option<String>,
    /// Android's version, for people.
    pub(crate) android_version: Option<String>,
    /// Android's API level.
    pub(crate) api_level: Option<u32>,
}

impl From<&Properties> for PhoneFacts {
    fn from(properties: &Properties) -> Self {
        let joined =
            |maker: &[&str], name: &[&str]| match (properties.first_of(maker), properties.first_of(name)) {
                (Some(maker), Some(name)) if !name.starts_with(maker) => Some(format!("{maker} {name}")),
                (_, name) => name.map(str::to_owned),
            };
        let text = |names: &[&str]| properties.first_of(names).map(str::to_owned);
        Self {
            model: joined(&["ro.product.manufacturer"], &["ro.product.model"]),
            // `ro.soc.*` came with Android 12; before it, the board's platform is the nearest thing.
            soc: joined(&["ro.soc.manufacturer"], &["ro.soc.model"])
                .or_else(|| text(&["ro.board.platform", "ro.hardware"])),
            abi: text(&["ro.product.cpu.abi"]),
            android_version: text(&["ro.build.version.release"]),
            api_level: properties.first_of(&["ro.build.version.sdk"]).and_then(|level| level.parse().ok()),
        }
    }
}

/// Every phone that `adb` knows of, with its facts where it is ready.
pub(crate) fn phones(adb: &Adb) -> Result<Vec<Phone>, AndroidError> {
    let listed = parse_listing(&adb.run(&["devices"])?)?;
    let described = listed.into_iter().map(|(serial, connection)| {
        let answer = || adb.shell(&serial, "getprop").map(|text| PhoneFacts::from(&Properties::parse(&text)));
        let (connection, remedy, facts) = ask(connection, answer);
        Phone { serial, connection, remedy, facts }
    });
    Ok(described.collect())
}

/// What a phone answers, if it is ready to; how far adb gets with it, and what to do where that is not far enough.
pub(crate) fn ask<T>(
    connection: Connection,
    question: impl FnOnce() -> Result<T, AndroidError>,
) -> (Connection, Option<&'static str>, Option<T>) {
    if connection != Connection::Ready {
        let remedy = connection.remedy();
        return (connection, remedy, None);
    }
    match question() {
        Ok(answer) => (connection, None, Some(answer)),
        Err(error) => (Connection::Other(format!("no answer: {error}")), Connection::Offline.remedy(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_a_new_phone_and_of_an_old_one() {
        let new = Properties::parse(
            "[ro.build.version.release]: [14]\n[ro.build.version.sdk]: [34]\n[ro.product.cpu.abi]: [arm64-v8a]\n\
             [ro.product.manufacturer]: [Google]\n[ro.product.model]: [Pixel 6]\n[ro.soc.manufacturer]: [Google]\n\
             [ro.soc.model]: [Tensor]\n[ro.board.platform]: [gs101]",
        );
        let expected = PhoneFacts {
            model: Some("Google Pixel 6".to_owned()),
            soc: Some("Google Tensor".to_owned()),
            abi: Some("arm64-v8a".to_owned()),
            android_version: Some("14".to_owned()),
            api_level: Some(34),
        };
        assert_eq!(PhoneFacts::from(&new), expected);

        let old = Properties::parse("[ro.product.model]: [Nexus 5X]\n[ro.board.platform]: [msm8992]");
        let facts = PhoneFacts::from(&old);
        assert_eq!((facts.model.as_deref(), facts.soc.as_deref()), (Some("Nexus 5X"), Some("msm8992")));
        assert_eq!((facts.abi, facts.api_level), (None, None));
    }
}
