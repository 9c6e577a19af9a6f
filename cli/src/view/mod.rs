//! What a command found or did, as data.
//!
//! The chain is `commands` → `view` → `render`: a command returns a [`View`] and writes nothing, and a
//! renderer prints the view. A view is also the command's part of the JSON
//! document. Fields that only other renderers need are skipped there.

mod adopt;
mod baseline;
mod changed_scripts;
mod check;
mod create;
mod difference;
mod drift;
mod evidence;
mod fleet;
mod graph;
mod history;
mod init;
mod list;
mod lost;
mod members;
mod new_migration;
mod plan;
mod print;
mod problem;
mod repair;
mod report;
mod run;
mod schema;
#[cfg(feature = "local-server")]
mod server;
mod status;
mod verify;
mod wait;
#[cfg(feature = "local-server")]
mod with;

use serde::Serialize;

pub(crate) use adopt::{Adopt, AdoptedHistory, Conversion, NotConverted};
pub(crate) use baseline::Baseline;
pub(crate) use changed_scripts::ChangedScripts;
pub(crate) use check::{Base, Check, CodeCount, GrammarAnswer};
pub(crate) use create::Create;
pub(crate) use difference::differences;
pub(crate) use drift::{Drift, DriftDifference};
pub(crate) use evidence::{Claimed, Detected, Evidence};
pub(crate) use fleet::{Database, DatabaseState, FailureGroup, Fleet, Totals};
pub(crate) use graph::{DatabaseSide, Declared, Dependency, Graph, GraphService, Requirement};
pub(crate) use history::{History, LoggedEvent};
pub(crate) use init::{Init, Lines};
pub(crate) use list::{List, ListedMigration, ListedService};
pub(crate) use lost::{Lost, LostPart};
pub(crate) use members::{in_milliseconds, severity_word};
pub(crate) use new_migration::{NewMigration, Verification, blocked, work};
pub(crate) use plan::{Destruction, Plan, PlannedLeg, PlannedStep};
pub(crate) use print::{Completions, Digest, Manual, Page};
pub(crate) use problem::{Located, UsageError};
pub(crate) use repair::Repair;
pub(crate) use report::{Report, ReportMigration, ReportTable, Scripts};
pub(crate) use run::{Done, Request, Run, measured};
pub(crate) use schema::Schema;
#[cfg(feature = "local-server")]
pub(crate) use server::Server;
pub(crate) use status::{Condition, MigrationState, Pending, ServiceState, Status, is_pending};
pub(crate) use verify::{Accepted, AcceptedLevel, Fingerprints, Times, Verdict, Verified, Verify};
pub(crate) use wait::Wait;
#[cfg(feature = "local-server")]
pub(crate) use with::With;

use crate::exit::Exit;

/// The JSON document of a command, and what the other renderers read.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    /// The database that the command worked on, without its password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<String>,
    #[serde(skip)]
    pub(crate) measured: Measured,
    #[serde(flatten)]
    pub(crate) view: Option<View>,
    /// Why the command failed, if it did.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<Located>,
    #[serde(serialize_with = "members::exit_code")]
    pub(crate) exit: Exit,
}

impl Document {
    /// Names this call in each help that says to run again.
    pub(crate) fn name_call(&mut self, call: &str) {
        let again = format!("run `{call}` again");
        for error in &mut self.errors {
            let help = &mut error.problem.help;
            *help = help
                .replace("run the command again", &again)
                .replace("run again", &again);
        }
    }
}

/// What only `--metrics` shows.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    /// The database that the command tried to reach, without its password.
    pub(crate) database: Option<String>,
    /// The migrations that are pending now.
    pub(crate) pending: Option<Vec<Pending>>,
}

/// What a command found or did.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum View {
    /// `adopt`.
    Adopt(Adopt),
    /// `baseline`.
    Baseline(Baseline),
    /// `check`.
    Check(Check),
    /// `completions`.
    Completions(Completions),
    /// `create`.
    Create(Create),
    /// `digest`.
    Digest(Digest),
    /// `drift`.
    Drift(Drift),
    /// `repair --accept-change`.
    ChangedScripts(ChangedScripts),
    /// A command on many databases.
    Fleet(Fleet),
    /// `graph`.
    Graph(Graph),
    /// `history`.
    History(History),
    /// `init`.
    Init(Init),
    /// `list`.
    List(List),
    /// `explain`.
    Page(Page),
    /// `up`, `up --switch` and `down` with `--dry-run`.
    Plan(Plan),
    /// The user answered no. The text says what was not done.
    Refused(Refused),
    /// `repair`.
    Repair(Repair),
    /// `report`.
    Report(Box<Report>),
    /// `up`, `down` and `redo`.
    Run(Run),
    /// `schema`.
    Schema(Schema),
    /// `server`.
    #[cfg(feature = "local-server")]
    Server(Server),
    /// `status`.
    Status(Status),
    /// `man`.
    Manual(Manual),
    /// Arguments that the command does not accept.
    Usage(Usage),
    /// `verify`.
    Verify(Verify),
    /// `wait`.
    Wait(Wait),
    /// `with`.
    #[cfg(feature = "local-server")]
    With(With),
}

/// The user answered no.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    /// What did not happen, such as `nothing was reverted`.
    #[serde(skip)]
    pub(crate) text: &'static str,
}

/// Arguments that the command does not accept.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    pub(crate) errors: [UsageError; 1],
}

impl View {
    /// The name and the rows of the document's long list, each row as its JSON text. As values they
    /// would take eight times the memory.
    pub(crate) fn rows(&self) -> Option<(&'static str, &[Box<str>])> {
        match self {
            View::Fleet(fleet) => Some(("databases", &fleet.databases)),
            View::History(history) => Some(("events", &history.events)),
            View::Adopt(_)
            | View::Baseline(_)
            | View::Check(_)
            | View::Completions(_)
            | View::Create(_)
            | View::Digest(_)
            | View::Drift(_)
            | View::ChangedScripts(_)
            | View::Graph(_)
            | View::Init(_)
            | View::List(_)
            | View::Manual(_)
            | View::Page(_)
            | View::Plan(_)
            | View::Refused(_)
            | View::Repair(_)
            | View::Report(_)
            | View::Run(_)
            | View::Schema(_)
            | View::Status(_)
            | View::Usage(_)
            | View::Verify(_)
            | View::Wait(_) => None,
            #[cfg(feature = "local-server")]
            View::Server(_) | View::With(_) => None,
        }
    }
}
