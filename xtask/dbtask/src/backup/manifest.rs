//! `manifest.json`: what a backup holds, of which database and moment, and whether a restore has proven it.
//!
//! One object, of format 2:
//!
//! | member | what it is |
//! |---|---|
//! | `format`, `dbtask` | 2, and the version of this program |
//! | `taken_at`, `lsn` | the moment of the snapshot, RFC 3339, and the write-ahead log's position then |
//! | `migrations` | the version of the schema history; `null` without one |
//! | `server`, `dump` | versions; pg_dump's format, compression and number of jobs |
//! | `database` | name, identity (`system_identifier`, `oid`), owner, encoding, locale, privileges, extensions |
//! | `environment` | what the database was marked as; `null` when it was not |
//! | `settings`, `roles`, `citus` | what pg_dump leaves out: `ALTER DATABASE … SET`, the roles that are used (never a password), the distribution of tables |
//! | `tables` | of each table its `columns`, `rows` and `digest`: the sum, over all rows, of a hash of the line that `COPY table (columns) TO STDOUT` writes, in the database's encoding, with the settings of pg_dump's and the time zone UTC; no order of rows changes it. [`dbtask_rows::RowDigest`] tells the hash |
//! | `sequences`, `large_objects` | their values; their number and digest |
//! | `data`, `files` | where the dump is; of each file its size and SHA-256. `schema.json` lists every object of the schema with what defines it |
//! | `proof` | when and where a restore gave the same; `null` until then |
//! | `sha256` | of every byte before this member, so that a damaged manifest is known |

use std::path::Path;

use dbtask_rows::RowDigest;
use dbtask_runner::Error;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::snapshot::Table;
use crate::target::Identity;

/// The format that is written. In format 1 the server computed the digests, in another way; in format 2 their hash was another.
pub(super) const FORMAT: u64 = 3;

/// The file's name.
pub(super) const MANIFEST: &str = "manifest.json";

/// What stands between the content and its checksum.
const SEAL: &str = ",\n  \"sha256\": \"";

/// What closes the file behind the checksum.
const END: &str = "\"\n}\n";

/// The content of a `manifest.json`.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(super) document: Value,
}

/// A table as it was in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableDigest {
    /// Qualified and quoted for SQL.
    pub(crate) table: String,
    /// The columns that the digest is over, in their order; generated ones are not among them.
    pub(crate) columns: Vec<String>,
    pub(crate) rows: u64,
    pub(crate) digest: String,
}

impl TableDigest {
    pub(super) fn of(table: &Table, digest: RowDigest) -> TableDigest {
        TableDigest {
            table: table.identity.clone(),
            columns: table.columns.clone(),
            rows: digest.rows(),
            digest: digest.to_string(),
        }
    }
}

/// A file of the backup's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    /// Relative to the backup.
    pub(crate) path: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Manifest {
    /// The file's text, with its seal.
    pub(super) fn to_text(&self) -> String {
        let text = format!("{:#}", self.document);
        let body = text.strip_suffix("\n}").unwrap_or(&text);
        format!("{body}{SEAL}{}{END}", hex(&Sha256::digest(body.as_bytes())))
    }

    /// Reads the text; `None` unless every byte is as it was written.
    pub(super) fn of_text(text: &str) -> Option<Manifest> {
        let (body, sha256) = text.strip_suffix(END)?.rsplit_once(SEAL)?;
        if hex(&Sha256::digest(body.as_bytes())) != sha256 {
            return None;
        }
        let document: Value = serde_json::from_str(&format!("{body}\n}}")).ok()?;
        document.is_object().then_some(Manifest { document })
    }

    /// Reads the manifest of the backup in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Manifest, Error> {
        let path = folder.join(MANIFEST);
        let bytes = std::fs::read(&path).map_err(|e| {
            Error::usage(format!("`{}` is no backup", folder.display()))
                .cause(format!("failed to read `{}`: {e}", path.display()))
                .help("`cargo xtask db:backup --list` shows what there is")
        })?;
        let manifest = std::str::from_utf8(&bytes)
            .ok()
            .and_then(Manifest::of_text)
            .ok_or_else(|| damaged(folder, format!("`{MANIFEST}` is not as it was written")))?;
        match manifest.document["format"].as_u64() {
            Some(1..=FORMAT) => Ok(manifest),
            format => Err(Error::usage(format!(
                "`{}` was made by a newer dbtask ({}, format {})",
                folder.display(),
                manifest.document["dbtask"],
                format.unwrap_or_default()
            ))
            .help("use that version")),
        }
    }

    pub(crate) fn tables(&self) -> Vec<TableDigest> {
        let tables = self.document["tables"].as_array();
        let read = |table: &Value| TableDigest {
            table: string(&table["table"]),
            columns: strings(&table["columns"]),
            rows: table["rows"].as_u64().unwrap_or_default(),
            digest: string(&table["digest"]),
        };
        tables.into_iter().flatten().map(read).collect()
    }

    pub(crate) fn files(&self) -> Vec<Sealed> {
        let files = self.document["files"].as_array();
        let read = |file: &Value| Sealed {
            path: string(&file["path"]),
            bytes: file["bytes"].as_u64().unwrap_or_default(),
            sha256: string(&file["sha256"]),
        };
        files.into_iter().flatten().map(read).collect()
    }

    /// Where the dump lies, relative to the backup.
    pub(crate) fn data(&self) -> String {
        string(&self.document["data"])
    }

    /// When the snapshot was taken, RFC 3339.
    pub(crate) fn taken_at(&self) -> String {
        string(&self.document["taken_at"])
    }

    /// When a restore proved it.
    pub(crate) fn proven_at(&self) -> Option<String> {
        self.document["proof"]["at"].as_str().map(str::to_owned)
    }

    /// The database's name.
    pub(crate) fn database(&self) -> String {
        string(&self.document["database"]["name"])
    }

    /// The version of pg_dump.
    pub(crate) fn pg_dump(&self) -> String {
        string(&self.document["dump"]["pg_dump"])
    }

    /// The version of the schema history.
    pub(crate) fn version(&self) -> Option<u64> {
        self.document["migrations"].as_u64()
    }

    /// Whether it is a backup of the very database, not of one with the same name.
    pub(crate) fn is_of(&self, identity: &Identity) -> bool {
        let database = &self.document["database"];
        database["system_identifier"] == json!(identity.system_identifier.map(|id| id.to_string()))
            && database["oid"] == json!(identity.oid)
            && database["name"] == json!(identity.database)
    }
}

/// The error for a backup that is not as it was written.
pub(super) fn damaged(path: &Path, cause: String) -> Error {
    Error::failed(format!("`{}` is no whole backup", path.display()))
        .cause(cause)
        .state("nothing was changed")
        .help("take another one: `cargo xtask db:backup --list`")
}

pub(super) fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(super) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(string).collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bit_of_a_manifest_can_change_and_no_end_can_go_without_being_noticed() {
        let manifest = Manifest {
            document: json!({ "format": 1, "taken_at": "2026-01-01T00:00:00Z", "files": [], "größe": "日本" }),
        };
        let text = manifest.to_text();
        assert_eq!(Manifest::of_text(&text).unwrap().document, manifest.document);
        let bytes = text.as_bytes();
        let whole = |bytes: &[u8]| std::str::from_utf8(bytes).ok().and_then(Manifest::of_text).is_some();
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!whole(&flipped), "bit {bit} of {text}");
        }
        for end in 0..bytes.len() {
            assert!(!whole(&bytes[..end]), "cut at {end}");
        }
    }
}
