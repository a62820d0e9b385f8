//! Enums whose variants have names, in files and on the command line.

/// Implements `ALL`, `name`, `Display` and `FromStr` by a list of variants and their names.
macro_rules! named {
    ($kind:ident, $what:literal, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $kind {
            /// All of them.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Its name in files and on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }

        impl std::fmt::Display for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $kind {
            type Err = String;

            fn from_str(name: &str) -> Result<Self, String> {
                let unknown = || {
                    let names = Self::ALL.map(Self::name).join(", ");
                    format!("`{name}` is no {}, expected one of {names}", $what)
                };
                Self::ALL.into_iter().find(|one| one.name() == name).ok_or_else(unknown)
            }
        }
    };
}

pub(crate) use named;
