//! Sums over the catalogue's files, kept while it is open.
//!
//! Every saved file asks for them, and adding up the rows of a hundred thousand files takes longer than all else that
//! the save costs. So they lie in a table of this connection alone, in memory; its triggers follow every change of a file, and
//! a transaction that is given up takes their work back as well.

use rusqlite::Connection;

use super::{Catalogue, Totals};
use crate::error::IndexError;

/// The name of each sum, and what a file (`#`) adds to it.
const SUMS: [(&str, &str); 7] = [
    ("indexed", "(#outcome = 0)"),
    ("skipped", "(#outcome = 1)"),
    ("failed", "(#outcome = 2)"),
    ("symbols", "COALESCE(#num_symbols, 0)"),
    ("source_bytes", "#size * (#outcome = 0)"),
    ("redactions", "#redactions"),
    (
        "embedded",
        "COALESCE(#num_chunks, 0) * (#outcome = 0 AND #embedded = 1)",
    ),
];

/// Adds up all files, and follows their changes from now on.
pub(super) fn follow(db: &Connection) -> rusqlite::Result<()> {
    let columns = SUMS.map(|(name, _)| name).join(", ");
    let totals = SUMS
        .map(|(_, of_file)| format!("COALESCE(SUM({}), 0)", of_file.replace('#', "")))
        .join(", ");
    let [gained, lost, altered] = ["+ (NEW)", "- (OLD)", "+ (NEW) - (OLD)"].map(|change| {
        let changed = SUMS.map(|(name, of_file)| {
            let change = change
                .replace("NEW", &of_file.replace('#', "NEW."))
                .replace("OLD", &of_file.replace('#', "OLD."));
            format!("{name} = {name} {change}")
        });
        format!("UPDATE sums SET {}", changed.join(", "))
    });
    // Without recursive triggers a row that another one replaces is lost unseen.
    db.execute_batch(&format!(
        "PRAGMA recursive_triggers = ON;
         CREATE TEMP TABLE sums ({columns});
         INSERT INTO temp.sums ({columns}) SELECT {totals} FROM main.file;
         CREATE TEMP TRIGGER gained AFTER INSERT ON main.file BEGIN {gained}; END;
         CREATE TEMP TRIGGER lost AFTER DELETE ON main.file BEGIN {lost}; END;
         CREATE TEMP TRIGGER altered AFTER UPDATE ON main.file BEGIN {altered}; END;"
    ))
}

impl Catalogue {
    /// Totals.
    pub fn totals(&self) -> Result<Totals, IndexError> {
        self.run(|db| {
            let mut sums = db.prepare_cached(
                "SELECT indexed, skipped + (SELECT COUNT(*) FROM left_out), failed, symbols, source_bytes, redactions
                 FROM temp.sums",
            )?;
            sums.query_row([], |row| {
                let at = |i| row.get::<_, i64>(i).map(|n| n as u64);
                Ok(Totals {
                    indexed: at(0)?,
                    skipped: at(1)?,
                    failed: at(2)?,
                    symbols: at(3)?,
                    source_bytes: at(4)?,
                    redactions: at(5)?,
                })
            })
        })
    }

    /// Chunks whose file is in the vector store.
    pub fn embedded_chunks(&self) -> Result<u64, IndexError> {
        let sum = self.run(|db| {
            db.prepare_cached("SELECT embedded FROM temp.sums")?
                .query_row([], |row| row.get::<_, i64>(0))
        })?;
        Ok(sum as u64)
    }
}

#[cfg(test)]
mod tests {
    use aiex_files::RelPath;
    use aiex_files::stat::Stat;
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::{Change, Outcome, Row};
    use crate::content::ContentKey;

    #[derive(Debug, Clone)]
    enum Step {
        Apply(Vec<(u8, u32)>, Vec<u8>),
        Touch(u8, u64),
        Mark(u8),
        Unmark(u8),
        ForgetVectors,
        Forget(u8),
        GiveUp(Vec<u8>),
    }

    fn stat(size: u64) -> Stat {
        Stat {
            size,
            mtime_ns: 1,
            ctime_ns: 1,
            inode: 1,
        }
    }

    fn path(number: u8) -> RelPath {
        RelPath::from_bytes(format!("src/{number}.rs")).unwrap()
    }

    /// A row of any outcome, by `kind`.
    fn row(version: u32, kind: u32) -> Row {
        let detail = "seen".to_owned();
        let outcome = match kind % 4 {
            0 => Outcome::Failed { detail },
            1 => Outcome::Skipped {
                reason: "binary".to_owned(),
                detail,
            },
            _ => Outcome::Indexed {
                key: ContentKey([1; 32]),
                version,
                num_chunks: kind,
                num_symbols: 3 * kind,
                is_embedded: kind.is_multiple_of(3),
            },
        };
        Row {
            stat: stat(u64::from(100 * kind)),
            read_at_ns: 1,
            hash: None,
            outcome,
            redactions: kind / 5,
        }
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let file = 0..6_u8;
        let files = prop::collection::vec(file.clone(), 0..4);
        let rows = prop::collection::vec((file.clone(), 0..12_u32), 0..4);
        let step = prop_oneof![
            4 => (rows, files.clone()).prop_map(|(set, gone)| Step::Apply(set, gone)),
            1 => (file.clone(), 0..9_000_u64).prop_map(|(file, size)| Step::Touch(file, size)),
            2 => file.clone().prop_map(Step::Mark),
            1 => file.clone().prop_map(Step::Unmark),
            1 => Just(Step::ForgetVectors),
            1 => file.prop_map(Step::Forget),
            1 => files.prop_map(Step::GiveUp),
        ];
        prop::collection::vec(step, 1..20)
    }

    fn carry_out(catalogue: &mut Catalogue, step: Step, version: u32) -> Result<(), IndexError> {
        let versions = |catalogue: &Catalogue, file| {
            let row = catalogue.row(&path(file)).unwrap();
            let version = row.and_then(|row| row.version());
            version
                .map(|version| (path(file), version))
                .into_iter()
                .collect::<Vec<_>>()
        };
        match step {
            Step::Apply(set, removed) => catalogue.apply(
                u64::from(version),
                &Change {
                    set: set
                        .into_iter()
                        .map(|(file, kind)| (path(file), row(version, kind)))
                        .collect(),
                    removed: removed.into_iter().map(path).collect(),
                },
            ),
            Step::Touch(file, size) => catalogue.touch(&[(path(file), stat(size), 7)]),
            Step::Mark(file) => catalogue.mark_embedded(&versions(catalogue, file)),
            Step::Unmark(file) => catalogue.unmark_embedded(&versions(catalogue, file)),
            Step::ForgetVectors => catalogue.forget_vectors("other"),
            Step::Forget(file) => catalogue.forget(&[path(file)]),
            Step::GiveUp(files) => {
                let files: Vec<RelPath> = files.into_iter().map(path).collect();
                catalogue.intend(version + 1, &mut files.iter())?;
                catalogue.give_up_intent(u64::from(version)).map(drop)
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn sums_that_follow_changes_are_those_of_all_files(steps in steps()) {
            let dir = tempfile::tempdir().unwrap();
            let place = dir.path().join("catalogue.db");
            let mut catalogue = Catalogue::open(&place).unwrap();
            for (version, step) in (1..).zip(steps) {
                carry_out(&mut catalogue, step, version).unwrap();
                let anew = Catalogue::open(&place).unwrap();
                prop_assert_eq!(catalogue.totals().unwrap(), anew.totals().unwrap());
                prop_assert_eq!(catalogue.embedded_chunks().unwrap(), anew.embedded_chunks().unwrap());
            }
        }
    }

    #[test]
    fn what_is_given_up_is_in_no_sum() {
        let dir = tempfile::tempdir().unwrap();
        let mut catalogue = Catalogue::open(&dir.path().join("catalogue.db")).unwrap();
        let set = vec![(path(1), row(1, 6))];
        let removed = Vec::new();
        catalogue.apply(1, &Change { set, removed }).unwrap();
        let before = catalogue.totals().unwrap();
        assert_eq!(
            (before.indexed, before.symbols, before.source_bytes),
            (1, 18, 600)
        );
        assert_eq!(catalogue.embedded_chunks().unwrap(), 6);
        let given_up: Result<(), _> = catalogue.transact(|tx| {
            tx.execute("DELETE FROM file", [])?;
            tx.execute("no such statement", []).map(drop)
        });
        assert!(given_up.is_err());
        assert_eq!(catalogue.totals().unwrap(), before);
    }
}
