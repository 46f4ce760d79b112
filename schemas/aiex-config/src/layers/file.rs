//! Reads a settings file, keeping the line of every key for messages.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::layers::keys::{KEYS, PROVIDER_KEYS, PROVIDER_MUST, Scalar, blank_provider};
use crate::layers::{ConfigError, Origin, Warning, set};
use crate::nearest::nearest;
use crate::settings::{ProviderSettings, Settings};

/// Sections that are not tables of known keys.
const PROVIDER: &str = "provider";
const RANKING: &str = "ranking";

/// Puts what the text says over the settings. Without a path it is the embedded defaults.
pub(super) fn apply(
    settings: &mut Settings,
    text: &str,
    path: Option<&Path>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ConfigError> {
    let place = Place { text, path };
    let root = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
        path: path.unwrap_or(Path::new("default.toml")).to_owned(),
        line: place.line(error.span().unwrap_or(0..0)),
        message: error.message().trim_end().replace('\n', "; "),
    })?;
    let mut reader = Reader { place, warnings };
    for (name, value) in root.get_ref().iter() {
        let section: &str = name.get_ref();
        match (section, value.get_ref()) {
            (PROVIDER, DeValue::Array(entries)) => settings.providers = reader.providers(entries.iter())?,
            (RANKING, DeValue::Table(table)) => reader.ranking(settings, table)?,
            (PROVIDER, found) => {
                return Err(reader.wrong(name, PROVIDER, &scalar(found), "written as [[provider]]"));
            }
            (_, DeValue::Table(table)) if is_section(section) => reader.section(settings, section, table)?,
            (_, found) if is_section(section) || section == RANKING => {
                return Err(reader.wrong(name, section, &scalar(found), "a table of settings"));
            }
            _ => reader.unknown(name, section.to_owned(), sections().chain([PROVIDER, RANKING])),
        }
    }
    Ok(())
}

/// The text and its file: what turns a place in the text into words.
struct Place<'a> {
    text: &'a str,
    path: Option<&'a Path>,
}

impl Place<'_> {
    fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        self.path.map_or(Origin::Defaults, |path| Origin::File {
            path: path.to_owned(),
            line: self.line(span),
        })
    }
}

struct Reader<'a, 'w> {
    place: Place<'a>,
    warnings: &'w mut Vec<Warning>,
}

type Name<'i> = Spanned<DeString<'i>>;

impl Reader<'_, '_> {
    fn section(
        &mut self,
        settings: &mut Settings,
        section: &str,
        table: &DeTable<'_>,
    ) -> Result<(), ConfigError> {
        for (name, value) in table.iter() {
            let key = format!("{section}.{}", name.get_ref());
            if KEYS.iter().any(|known| known.name == key) {
                set(
                    settings,
                    &key,
                    &scalar(value.get_ref()),
                    self.place.origin(name.span()),
                )?;
            } else {
                self.unknown(name, key, KEYS.iter().map(|known| known.name));
            }
        }
        Ok(())
    }

    fn ranking(&mut self, settings: &mut Settings, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table.iter() {
            let rule: &str = name.get_ref();
            let value = scalar(value.get_ref());
            let number = value
                .number()
                .ok_or_else(|| self.wrong(name, &format!("{RANKING}.{rule}"), &value, "a number"))?;
            settings.ranking.insert(rule.to_owned(), number);
        }
        Ok(())
    }

    fn providers<'t, 'i: 't>(
        &mut self,
        entries: impl Iterator<Item = &'t Spanned<DeValue<'i>>>,
    ) -> Result<Vec<ProviderSettings>, ConfigError> {
        let mut providers: Vec<ProviderSettings> = Vec::new();
        for entry in entries {
            let origin = self.place.origin(entry.span());
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(ConfigError::Value {
                    origin,
                    key: PROVIDER.to_owned(),
                    found: scalar(entry.get_ref()).show(),
                    allowed: "written as [[provider]]".to_owned(),
                });
            };
            let provider = self.provider(table, origin)?;
            if let Some((name, _)) = table.iter().find(|(name, _)| name.get_ref() == "name")
                && providers.iter().any(|other| other.name == provider.name)
            {
                let taken = Scalar::Text(&provider.name);
                return Err(self.wrong(name, "provider.name", &taken, "a name that no other provider has"));
            }
            providers.push(provider);
        }
        Ok(providers)
    }

    fn provider(&mut self, table: &DeTable<'_>, origin: Origin) -> Result<ProviderSettings, ConfigError> {
        let mut provider = blank_provider();
        for (name, value) in table.iter() {
            let shown = format!("{PROVIDER}.{}", name.get_ref());
            match PROVIDER_KEYS
                .iter()
                .find(|known| known.name == name.get_ref().as_ref())
            {
                Some(known) => {
                    let origin = self.place.origin(name.span());
                    known.set(&mut provider, &shown, &scalar(value.get_ref()), origin)?;
                }
                None => self.unknown(name, shown, PROVIDER_KEYS.iter().map(|known| known.name)),
            }
        }
        let has = |key: &str| table.iter().any(|(name, _)| name.get_ref() == key);
        match PROVIDER_MUST.iter().find(|key| !has(key)) {
            Some(key) => Err(ConfigError::Missing { origin, key }),
            None => Ok(provider),
        }
    }

    fn unknown<'k>(&mut self, name: &Name<'_>, key: String, known: impl Iterator<Item = &'k str> + Clone) {
        // Compared without the section first: a long section name would let through too many slips.
        let bare: &str = name.get_ref();
        let prefix = key.strip_suffix(bare).unwrap_or_default();
        let nearest = nearest(
            bare,
            known
                .clone()
                .map(|known| known.strip_prefix(prefix).unwrap_or(known)),
        )
        .map(|nearest| format!("{prefix}{nearest}"))
        .or_else(|| {
            // A right key in a wrong section.
            known
                .clone()
                .find(|known| known.rsplit('.').next() == Some(bare))
                .map(str::to_owned)
        });
        self.warnings.push(Warning::UnknownKey {
            origin: self.place.origin(name.span()),
            key,
            nearest,
        });
    }

    fn wrong(&self, name: &Name<'_>, key: &str, found: &Scalar<'_>, allowed: &str) -> ConfigError {
        ConfigError::Value {
            origin: self.place.origin(name.span()),
            key: key.to_owned(),
            found: found.show(),
            allowed: allowed.to_owned(),
        }
    }
}

fn sections() -> impl Iterator<Item = &'static str> + Clone {
    KEYS.iter().filter_map(|key| key.name.split('.').next())
}

fn is_section(name: &str) -> bool {
    sections().any(|section| section == name)
}

fn scalar<'v>(value: &'v DeValue<'_>) -> Scalar<'v> {
    match value {
        DeValue::String(text) => Scalar::Text(text),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Scalar::Other("a number out of range"), Scalar::Integer),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or(Scalar::Other("a number"), Scalar::Float),
        DeValue::Boolean(value) => Scalar::Boolean(*value),
        DeValue::Datetime(_) => Scalar::Other("a date"),
        DeValue::Array(_) => Scalar::Other("a list"),
        DeValue::Table(_) => Scalar::Other("a table"),
    }
}
