//! Reads a settings file, keeping the line of every key for messages.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::layers::keys::{
    ENGINE_KEYS, ENGINE_MUST, Key, PROVIDER_KEYS, PROVIDER_MUST, TRUST_ALLOWED, blank_engine, blank_provider,
    keys, trusted,
};
use crate::layers::scalar::Scalar;
use crate::layers::{ConfigError, Origin, Warning, set};
use crate::nearest::nearest;
use crate::settings::{EngineSettings, ProviderSettings, Settings};

/// Sections that are not tables of known keys.
const PROVIDER: &str = "provider";
const RANKING: &str = "ranking";
/// The list and the table inside of `[web]`.
const ENGINE: &str = "web.engine";
const TRUST: &str = "web.trust";

/// A table of which there may be several: `[[provider]]`, `[[web.engine]]`.
struct Several<T: 'static> {
    /// How it is called in the file.
    section: &'static str,
    /// How one of it is called in messages.
    one: &'static str,
    keys: &'static [Key<T>],
    must: &'static [&'static str],
    name: fn(&T) -> &str,
}

const PROVIDERS: Several<ProviderSettings> = Several {
    section: PROVIDER,
    one: "provider",
    keys: PROVIDER_KEYS,
    must: PROVIDER_MUST,
    name: |provider| &provider.name,
};

const ENGINES: Several<EngineSettings> = Several {
    section: ENGINE,
    one: "engine",
    keys: ENGINE_KEYS,
    must: ENGINE_MUST,
    name: |engine| &engine.name,
};

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
            (PROVIDER, DeValue::Array(entries)) => {
                settings.providers = reader.several(&PROVIDERS, entries.iter(), blank_provider, |_| None)?;
            }
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
            if key == ENGINE {
                let DeValue::Array(entries) = value.get_ref() else {
                    return Err(self.wrong(
                        name,
                        ENGINE,
                        &scalar(value.get_ref()),
                        "written as [[web.engine]]",
                    ));
                };
                settings.web.engines = self.engines(entries.iter())?;
            } else if key == TRUST {
                let DeValue::Table(hosts) = value.get_ref() else {
                    return Err(self.wrong(name, TRUST, &scalar(value.get_ref()), "written as [web.trust]"));
                };
                self.trust(settings, hosts)?;
            } else if keys().any(|known| known.name == key) {
                set(
                    settings,
                    &key,
                    &scalar(value.get_ref()),
                    self.place.origin(name.span()),
                )?;
            } else {
                self.unknown(name, key, keys().map(|known| known.name).chain([ENGINE, TRUST]));
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

    fn trust(&mut self, settings: &mut Settings, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table.iter() {
            let host: &str = name.get_ref();
            let value = scalar(value.get_ref());
            let (host, factor) = trusted(host, &value)
                .ok_or_else(|| self.wrong(name, &format!("{TRUST}.{host}"), &value, TRUST_ALLOWED))?;
            settings.web.trust.insert(host, factor);
        }
        Ok(())
    }

    fn engines<'t, 'i: 't>(
        &mut self,
        entries: impl Iterator<Item = &'t Spanned<DeValue<'i>>>,
    ) -> Result<Vec<EngineSettings>, ConfigError> {
        self.several(&ENGINES, entries, blank_engine, |engine| {
            if engine.name.is_empty() {
                engine.name = engine.kind.to_string();
            }
            engine.lacks()
        })
    }

    /// `complete` fills in what follows from the rest, and names what is still missing.
    fn several<'t, 'i: 't, T>(
        &mut self,
        kind: &Several<T>,
        entries: impl Iterator<Item = &'t Spanned<DeValue<'i>>>,
        blank: fn() -> T,
        complete: fn(&mut T) -> Option<&'static str>,
    ) -> Result<Vec<T>, ConfigError> {
        let mut read: Vec<T> = Vec::new();
        for entry in entries {
            let origin = self.place.origin(entry.span());
            let DeValue::Table(table) = entry.get_ref() else {
                return Err(ConfigError::Value {
                    origin,
                    key: kind.section.to_owned(),
                    found: scalar(entry.get_ref()).show(),
                    allowed: format!("written as [[{}]]", kind.section),
                });
            };
            let mut one = blank();
            self.fill(kind, &mut one, table)?;
            let has = |key: &str| table.iter().any(|(name, _)| name.get_ref() == key);
            let missing = kind.must.iter().copied().find(|key| !has(key));
            if let Some(key) = missing.or_else(|| complete(&mut one)) {
                let what = kind.one;
                return Err(ConfigError::Missing { origin, what, key });
            }
            let name = (kind.name)(&one);
            if read.iter().any(|other| (kind.name)(other) == name) {
                let given = table.iter().find(|(given, _)| given.get_ref() == "name");
                return Err(ConfigError::Value {
                    origin: given.map_or(origin, |(given, _)| self.place.origin(given.span())),
                    key: format!("{}.name", kind.section),
                    found: Scalar::Text(name).show(),
                    allowed: format!("a name that no other {} has", kind.one),
                });
            }
            read.push(one);
        }
        Ok(read)
    }

    fn fill<T>(&mut self, kind: &Several<T>, one: &mut T, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (name, value) in table.iter() {
            let shown = format!("{}.{}", kind.section, name.get_ref());
            let known = kind
                .keys
                .iter()
                .find(|known| known.name == name.get_ref().as_ref());
            match known {
                Some(known) => {
                    let origin = self.place.origin(name.span());
                    known.set(one, &shown, &scalar(value.get_ref()), origin)?;
                }
                None => self.unknown(name, shown, kind.keys.iter().map(|known| known.name)),
            }
        }
        Ok(())
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
    keys().filter_map(|key| key.name.split('.').next())
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
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.as_ref()),
                _ => None,
            });
            let texts: Option<Vec<&str>> = texts.collect();
            texts.map_or(Scalar::Other("a list"), Scalar::List)
        }
        DeValue::Table(_) => Scalar::Other("a table"),
    }
}
