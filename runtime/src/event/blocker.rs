//! Which sessions a run waits for: the holder of a lock, and the blockers of a step.

use std::fmt;

/// The session that holds a lock that a run waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its process id at the server, if the server showed it.
    pub pid: Option<i32>,
    /// Its `application_name`.
    pub application: String,
    /// Its role.
    pub role: String,
    /// When its transaction began, by the server's clock; empty if the run's role may not see it.
    pub since: String,
}

impl Holder {
    /// A holder that the server did not show.
    pub(crate) fn unseen() -> Holder {
        Holder {
            pid: None,
            application: String::new(),
            role: String::new(),
            since: String::new(),
        }
    }
}

/// A session or a prepared transaction that keeps a step waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Blocker {
    /// The session, and when its transaction began.
    pub session: Holder,
    /// Its current or last statement, shortened to one line; empty if the run's role may not see
    /// it.
    pub query: String,
    /// What kind of session it is.
    pub kind: BlockerKind,
}

/// The kind of a blocker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlockerKind {
    /// A session that runs a statement, or whose state the run's role may not see.
    Session,
    /// A session whose transaction is open while it runs no statement.
    IdleInTransaction,
    /// The server's own vacuum.
    Autovacuum,
    /// A connection that sends the server's WAL to a standby, or decodes it.
    Replication {
        /// Its replication slot, if it has one.
        slot: Option<String>,
    },
    /// A prepared transaction, which outlives its session.
    Prepared {
        /// Its identifier; empty if the server did not show it.
        gid: String,
        /// The database in which it can be committed or rolled back.
        database: String,
    },
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WaitingFor {
    /// Other sessions hold locks that the step needs.
    Blockers(Vec<Blocker>),
    /// A synchronous standby must confirm the step's COMMIT.
    Standby {
        /// The server's `synchronous_standby_names`.
        names: String,
    },
}

impl WaitingFor {
    /// Identifies a wait by its blockers, whatever statements they run.
    pub(crate) fn key(&self) -> Vec<(Option<i32>, String)> {
        match self {
            WaitingFor::Standby { .. } => vec![(None, "standby".to_owned())],
            WaitingFor::Blockers(blockers) => blockers.iter().map(Blocker::key).collect(),
        }
    }
}

impl Blocker {
    fn key(&self) -> (Option<i32>, String) {
        let gid = match &self.kind {
            BlockerKind::Prepared { gid, .. } => gid.clone(),
            BlockerKind::Session
            | BlockerKind::IdleInTransaction
            | BlockerKind::Autovacuum
            | BlockerKind::Replication { .. } => String::new(),
        };
        (self.session.pid, gid)
    }

    /// How the user can end the blocker, if there is a special way for this kind.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match &self.kind {
            BlockerKind::Prepared { gid, .. } if gid.is_empty() => Some(
                "a prepared transaction outlives its session: find it in `pg_prepared_xacts` and \
                 end it with `ROLLBACK PREPARED` or `COMMIT PREPARED`"
                    .to_owned(),
            ),
            BlockerKind::Prepared { gid, database } => {
                let literal = quoted(gid);
                Some(format!(
                    "a prepared transaction outlives its session: end it in `{database}` with \
                     `ROLLBACK PREPARED {literal}` or `COMMIT PREPARED {literal}`"
                ))
            }
            BlockerKind::Session
            | BlockerKind::IdleInTransaction
            | BlockerKind::Autovacuum
            | BlockerKind::Replication { .. } => None,
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder {
            pid,
            application,
            role,
            since,
        } = self;
        let Some(pid) = pid else {
            return f.write_str("another session");
        };
        match application.is_empty() {
            true => f.write_str("a session without a name")?,
            false => write!(f, "`{application}`")?,
        }
        write!(f, " (pid {pid}")?;
        for (word, what) in [("role", role), ("since", since)] {
            // Background processes of the server have no role.
            if !what.is_empty() {
                write!(f, ", {word} {what}")?;
            }
        }
        f.write_str(")")
    }
}

/// Shows who it is, since when, and its statement.
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder {
            pid, role, since, ..
        } = &self.session;
        match &self.kind {
            BlockerKind::Session | BlockerKind::IdleInTransaction => self.session.fmt(f)?,
            BlockerKind::Autovacuum => {
                let pid = pid.unwrap_or_default();
                write!(f, "an autovacuum worker (pid {pid}")?;
                if !since.is_empty() {
                    write!(f, ", since {since}")?;
                }
                f.write_str(")")?;
            }
            BlockerKind::Replication { slot } => {
                write!(f, "the replication session {}", self.session)?;
                if let Some(slot) = slot {
                    write!(f, " of the slot `{slot}`")?;
                }
            }
            BlockerKind::Prepared { gid, .. } if gid.is_empty() => {
                return f.write_str("a prepared transaction");
            }
            BlockerKind::Prepared { gid, database } => {
                let gid = quoted(gid);
                return write!(
                    f,
                    "the prepared transaction {gid} (database {database}, role {role}, \
                     since {since}), which `ROLLBACK PREPARED {gid}` ends"
                );
            }
        }
        match (&self.kind, self.query.is_empty()) {
            (BlockerKind::IdleInTransaction, true) => f.write_str(", idle in a transaction"),
            (BlockerKind::IdleInTransaction, false) => {
                write!(f, ", idle in a transaction after `{}`", self.query)
            }
            (_, true) => Ok(()),
            (_, false) => write!(f, ", at `{}`", self.query),
        }
    }
}

/// Shows what a step waits for, as `behind …` or `for …`.
impl fmt::Display for WaitingFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WaitingFor::Standby { names } => write!(
                f,
                "for a synchronous standby to confirm the commit \
                 (`synchronous_standby_names` is `{names}`)"
            ),
            WaitingFor::Blockers(blockers) => {
                let blockers = blockers.iter().map(|one| format!("behind {one}"));
                f.write_str(&blockers.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Quotes a text as an SQL string on one line.
fn quoted(text: &str) -> String {
    if !text.chars().any(char::is_control) {
        return format!("'{}'", text.replace('\'', "''"));
    }
    let escape = |character: char| match character {
        '\'' | '\\' => format!("\\{character}"),
        control if control.is_control() => format!("\\u{:04x}", u32::from(control)),
        other => other.to_string(),
    };
    format!("E'{}'", text.chars().map(escape).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{Blocker, BlockerKind, Holder, quoted};

    #[test]
    fn a_blocker_is_described_as_far_as_it_is_known() {
        let mut blocker = Blocker {
            session: Holder {
                pid: Some(4711),
                application: "psql".to_owned(),
                role: "app".to_owned(),
                since: "2026-11-22 18:00:00 UTC".to_owned(),
            },
            query: "SELECT 1".to_owned(),
            kind: BlockerKind::Session,
        };
        let whole = "`psql` (pid 4711, role app, since 2026-11-22 18:00:00 UTC), at `SELECT 1`";
        assert_eq!(blocker.to_string(), whole);
        blocker.session.since.clear();
        blocker.query.clear();
        assert_eq!(blocker.to_string(), "`psql` (pid 4711, role app)");
        blocker.session.application.clear();
        let nameless = "a session without a name (pid 4711, role app)";
        assert_eq!(blocker.to_string(), nameless);
        blocker.session.role.clear();
        assert_eq!(blocker.to_string(), "a session without a name (pid 4711)");
        blocker.kind = BlockerKind::IdleInTransaction;
        let idle = "a session without a name (pid 4711), idle in a transaction";
        assert_eq!(blocker.to_string(), idle);
        "LOCK t".clone_into(&mut blocker.query);
        assert_eq!(blocker.to_string(), format!("{idle} after `LOCK t`"));
        let slot = Some("s".to_owned());
        blocker.kind = BlockerKind::Replication { slot };
        "decoder".clone_into(&mut blocker.session.application);
        let decoder = "the replication session `decoder` (pid 4711) of the slot `s`, at `LOCK t`";
        assert_eq!(blocker.to_string(), decoder);
        blocker.kind = BlockerKind::Autovacuum;
        "autovacuum: VACUUM t (to prevent wraparound)".clone_into(&mut blocker.query);
        let vacuum = "an autovacuum worker (pid 4711), \
                      at `autovacuum: VACUUM t (to prevent wraparound)`";
        assert_eq!(blocker.to_string(), vacuum);
    }

    #[test]
    fn an_identifier_is_shown_as_sql_that_ends_it() {
        assert_eq!(quoted("it's"), "'it''s'");
        assert_eq!(quoted("a\n'b\\"), r"E'a\u000a\'b\\'");
    }
}
