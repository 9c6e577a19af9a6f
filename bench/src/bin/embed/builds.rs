//! Builds a workspace of all the crates, edits them, and measures the time.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use migrator_bench::process::processor_seconds_of_children;

use crate::leaf::{Kind, Leaf};

/// The cargo profile of a build.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub(crate) const ALL: [Profile; 2] = [Profile::Debug, Profile::Release];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }

    fn argument(self) -> &'static str {
        match self {
            Profile::Debug => "--profile=dev",
            Profile::Release => "--release",
        }
    }
}

/// What is measured, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// A build of the whole crate.
    Anew,
    /// A build after an edit of one script.
    Edit,
    /// The whole process.
    Process,
    /// The start of the library.
    Start,
    /// A look-up of a migration by its service and version.
    ById,
    /// A look-up of a service by its name.
    ByName,
    /// The program's file.
    Size,
}

impl Work {
    pub(crate) const BUILDS: [Work; 2] = [Work::Anew, Work::Edit];

    pub(crate) const PROGRAMS: [Work; 5] = [
        Work::Process,
        Work::Start,
        Work::ById,
        Work::ByName,
        Work::Size,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Work::Anew => "anew",
            Work::Edit => "edit",
            Work::Process => "process",
            Work::Start => "start",
            Work::ById => "by id",
            Work::ByName => "by name",
            Work::Size => "size",
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Work::Anew | Work::Edit => "CPU s",
            Work::Process => "ms",
            Work::Start | Work::ById | Work::ByName => "µs",
            Work::Size => "MB",
        }
    }
}

/// The workspace of the crates, with a lock file of the packages that are available offline.
pub(crate) struct Workspace {
    folder: PathBuf,
    target: PathBuf,
    leaves: Vec<Leaf>,
}

impl Workspace {
    pub(crate) fn create(folder: &Path, sizes: &[usize]) -> Result<Workspace, Box<dyn Error>> {
        let all = sizes
            .iter()
            .flat_map(|&size| Kind::ALL.map(|kind| (size, kind)));
        let leaves: io::Result<Vec<Leaf>> = all
            .map(|(size, kind)| Leaf::write(folder, kind, size))
            .collect();
        let leaves = leaves?;
        let names: Vec<String> = leaves
            .iter()
            .map(|leaf| format!("{:?}", Leaf::name(leaf.kind, leaf.size)))
            .collect();
        let manifest = format!(
            "[workspace]\nresolver = \"3\"\nmembers = [{}]\n",
            names.join(", ")
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::copy(here.join("peers/Cargo.lock"), folder.join("Cargo.lock"))?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| here.join("../target"));
        Ok(Workspace {
            folder: folder.to_owned(),
            target: std::path::absolute(target)?.join("embed"),
            leaves,
        })
    }

    pub(crate) fn leaves(&self) -> &[Leaf] {
        &self.leaves
    }

    /// Builds each crate by itself, because cargo unites the features of crates built together.
    pub(crate) fn warm(&self, profile: Profile) -> Result<(), Box<dyn Error>> {
        for leaf in &self.leaves {
            let name = Leaf::name(leaf.kind, leaf.size);
            self.cargo(&["build", "-p", &name, profile.argument()])?;
        }
        Ok(())
    }

    /// Measures one kind of work on a crate. `None` if the library has no such function.
    pub(crate) fn measure(
        &self,
        leaf: &Leaf,
        profile: Profile,
        work: Work,
        round: usize,
    ) -> Result<Option<f64>, Box<dyn Error>> {
        let name = Leaf::name(leaf.kind, leaf.size);
        let build = ["build", "-p", &name, profile.argument()];
        Ok(match work {
            Work::Anew => {
                self.cargo(&["clean", "-p", &name, profile.argument()])?;
                Some(self.cargo(&build)?)
            }
            Work::Edit => {
                leaf.edit(round)?;
                Some(self.cargo(&build)?)
            }
            Work::Process => Some(self.run(leaf, profile, &[])?.0 / 1_000.0),
            Work::Start => self.printed(leaf, profile, 0)?,
            Work::ById => self.printed(leaf, profile, 1)?,
            Work::ByName => self.printed(leaf, profile, 2)?,
            Work::Size => {
                let bytes = fs::metadata(self.program(leaf, profile))?.len();
                Some(f64::from(u32::try_from(bytes)?) / 1_000_000.0)
            }
        })
    }

    fn program(&self, leaf: &Leaf, profile: Profile) -> PathBuf {
        let name = Leaf::name(leaf.kind, leaf.size);
        self.target.join(profile.name()).join(name)
    }

    /// A time that the program prints, in µs.
    fn printed(
        &self,
        leaf: &Leaf,
        profile: Profile,
        at: usize,
    ) -> Result<Option<f64>, Box<dyn Error>> {
        let printed = self.run(leaf, profile, &["look-ups"])?.1;
        Ok(printed.get(at).map(|nanoseconds| nanoseconds / 1_000.0))
    }

    /// Runs a program twice, because the second run needs no disk. Returns the time of the second
    /// process in µs, and the times that the program printed in ns.
    fn run(
        &self,
        leaf: &Leaf,
        profile: Profile,
        arguments: &[&str],
    ) -> Result<(f64, Vec<f64>), Box<dyn Error>> {
        let mut program = Command::new(self.program(leaf, profile));
        program.args(arguments);
        program.output()?;
        let started = Instant::now();
        let output = program.output()?;
        let took = started.elapsed();
        let printed = String::from_utf8(output.stdout)?;
        let printed = printed.split_whitespace().map(str::parse);
        let printed = printed.collect::<Result<Vec<f64>, _>>()?;
        Ok((took.as_secs_f64() * 1_000_000.0, printed))
    }

    /// Runs cargo, and returns the seconds of processor time that it and its children used. That
    /// time does not depend on other load.
    fn cargo(&self, arguments: &[&str]) -> Result<f64, Box<dyn Error>> {
        let mut command = Command::new(env!("CARGO"));
        command.args(arguments).args(["--offline", "--quiet"]);
        command.current_dir(&self.folder);
        command.env("CARGO_TARGET_DIR", &self.target);
        let before = children()?;
        let output = command.output()?;
        match output.status.success() {
            true => Ok(children()? - before),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }
}

/// The processor time of all children so far in seconds.
fn children() -> Result<f64, Box<dyn Error>> {
    Ok(processor_seconds_of_children().ok_or("the kernel tells no times")?)
}
