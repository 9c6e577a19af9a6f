//! A database that is migrated up and down, with a fault each time.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::judge::{Judge, Rest, State, Step};
use super::server::Server;
use super::tree::{Shape, registry};
use super::victim::{Ended, Running, Victim};
use super::{Outcome, Random, Setting, Struck};

/// The arguments of every run.
pub(super) const UP: &[&str] = &["up", "--service=all"];
pub(super) const DOWN: &[&str] = &["down", "--service=all", "--all", "--yes"];

/// A database with the command under test.
pub(super) struct Scene {
    pub(super) server: Rc<Server>,
    pub(super) victim: Victim,
    pub(super) judge: Judge,
    /// How the judge connects to the database.
    pub(super) url: String,
    /// How the command connects to the database.
    pub(super) through: String,
    /// The duration of a run up and of a run down.
    took: [Duration; 2],
}

/// How to connect to a database.
pub(super) struct Way {
    /// The judge's URL.
    pub(super) url: String,
    /// The command's URL.
    pub(super) through: String,
    /// The sessions that remain after the command has ended.
    pub(super) rest: Rest,
}

/// The moment at which a fault is injected.
#[derive(Clone, Copy, Debug)]
struct Moment {
    /// After the process has reported this number of steps, or has ended.
    steps: usize,
    /// A pause after that.
    pause: Duration,
}

/// Whether every reported step must be there. A server may lose commits that did not wait for
/// its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reported {
    IsThere,
    MayBeLost,
}

impl Scene {
    /// An empty database, after an undisturbed run up and an undisturbed run down.
    pub(super) fn new(setting: &Setting, shape: Shape, server: Rc<Server>) -> Outcome<Scene> {
        let url = server.database()?;
        let way = Way {
            through: url.clone(),
            url,
            rest: Rest::NoSession,
        };
        Scene::through(setting, shape, server, way)
    }

    /// An empty database without a history.
    pub(super) fn new_undisturbed(
        setting: &Setting,
        shape: Shape,
        server: Rc<Server>,
    ) -> Outcome<Scene> {
        let url = server.database()?;
        Ok(Scene {
            victim: Victim::new(setting, shape),
            judge: Judge::new(registry(shape)?, Rest::NoSession)?,
            server,
            through: url.clone(),
            url,
            took: [Duration::ZERO; 2],
        })
    }

    /// The same, with another way to connect for the command.
    pub(super) fn through(
        setting: &Setting,
        shape: Shape,
        server: Rc<Server>,
        way: Way,
    ) -> Outcome<Scene> {
        let mut scene = Scene {
            victim: Victim::new(setting, shape),
            judge: Judge::new(registry(shape)?, way.rest)?,
            server,
            url: way.url,
            through: way.through,
            took: [Duration::ZERO; 2],
        };
        for direction in 0..2 {
            let started = Instant::now();
            scene.finish([UP, DOWN][direction])?;
            scene.took[direction] = started.elapsed();
        }
        Ok(scene)
    }

    /// A random moment of a run that starts now: at any time, or after a reported step.
    fn moment(&self, up: bool, random: &mut Random) -> Moment {
        let took = self.took[usize::from(!up)];
        let all = self.judge.everything().len();
        match random.below(3) {
            // A fault after the last step comes after the end of the run.
            0 => Moment {
                steps: 0,
                pause: random.within(took + took / 20),
            },
            _ => Moment {
                steps: 1 + random.below(all),
                pause: random.within(took / 20),
            },
        }
    }

    /// Starts a run, waits for a moment of it, and describes the moment.
    pub(super) fn begun(
        &self,
        arguments: &[&str],
        random: &mut Random,
    ) -> Outcome<(Running, String)> {
        let up = arguments == UP;
        let moment = self.moment(up, random);
        let mut running = self.victim.start(&self.through, arguments)?;
        running.wait_for_results(if up { "applied" } else { "reverted" }, moment.steps);
        sleep(moment.pause);
        let described = format!("{} {moment:?}", if up { "up" } else { "down" });
        Ok((running, described))
    }

    /// The same database on the standby of this server. Drops the server.
    pub(super) fn moved_to(mut self, server: Rc<Server>) -> Scene {
        let (_, name) = self.url.rsplit_once('/').unwrap_or_default();
        self.url = server.throwaway.url(name);
        self.through.clone_from(&self.url);
        self.server = server;
        self
    }

    /// Starts a run, injects the fault, judges the result, and lets the next run finish.
    pub(super) fn interrupted(
        &mut self,
        random: &mut Random,
        reported: Reported,
        strike: impl FnOnce(&Server, &mut Running) -> Outcome<()>,
    ) -> Outcome<Struck> {
        let before = self.judge.look(&self.server, &self.url)?;
        let up = before.applied.is_empty();
        let (mut running, struck) = self.begun(if up { UP } else { DOWN }, random)?;
        strike(&self.server, &mut running)?;
        let ended = running.end()?;
        let after = self.judged(&ended, up, reported);
        let after = after.map_err(|error| format!("{struck}: {error}: {ended:?}"))?;
        let next = match random.below(2) {
            0 => UP,
            _ => DOWN,
        };
        let finished = self.go_on(&after, next);
        finished.map_err(|error| format!("{struck}, {after:?}, then {next:?}: {error}"))?;
        Ok(self.struck(&after))
    }

    /// Finishes without help. Any run resumes an interrupted down outside a transaction. Only
    /// `up` resumes an interrupted up, and `down` is refused.
    pub(super) fn go_on(&mut self, state: &State, arguments: &[&str]) -> Outcome<()> {
        if !state.dirty.values().any(|direction| direction == "up") {
            return self.finish(arguments);
        }
        if arguments != UP {
            let refused = self.victim.run(&self.through, arguments)?;
            if refused.code() != Some(3) || !refused.output.concat().contains("M0404") {
                return Err(format!("`down` was not refused: {refused:?}").into());
            }
        }
        self.finish(UP)
    }

    /// Kills a run, and at once starts the next one, which must finish.
    pub(super) fn followed(&mut self, random: &mut Random) -> Outcome<Struck> {
        let before = self.judge.look(&self.server, &self.url)?;
        let up = before.applied.is_empty();
        let moment = self.moment(up, random);
        let mut running = self
            .victim
            .start(&self.through, if up { UP } else { DOWN })?;
        running.wait_for_results(if up { "applied" } else { "reverted" }, moment.steps);
        sleep(moment.pause);
        running.kill()?;
        let next = [UP, DOWN][random.below(2)];
        let finished = self.finish_soon(next);
        let ended = running.end()?;
        finished.map_err(|error| format!("up: {up}, {moment:?}, then {next:?}: {error}"))?;
        Ok(match ended.code() {
            None => Struck::Midway,
            Some(_) => Struck::Aside,
        })
    }

    /// Finishes without reading the history first. After an interrupted up, `up` must run first.
    fn finish_soon(&mut self, next: &[&str]) -> Outcome<()> {
        let ended = self.victim.run(&self.through, next)?;
        let is_refused = ended.code() == Some(3) && ended.output.concat().contains("M0404");
        if next == DOWN && is_refused {
            return self.finish(UP);
        }
        ended.succeeded()?;
        self.finish(next)
    }

    /// Judges the database, and whether the process reported correctly.
    pub(super) fn judged(&mut self, ended: &Ended, up: bool, reported: Reported) -> Outcome<State> {
        let state = self.judge.look(&self.server, &self.url)?;
        let wanted = match up {
            true => self.judge.everything(),
            false => BTreeSet::new(),
        };
        if ended.code() == Some(0) && (state.applied != wanted || !state.dirty.is_empty()) {
            return Err(format!("it reported success, but the state is {state:?}").into());
        }
        // It failed, or got no connection. A panic would be 101, and a refusal 3.
        if !matches!(ended.code(), None | Some(0 | 1 | 5)) {
            return Err(format!("its exit code is {:?}", ended.code()).into());
        }
        let word = if up { "applied" } else { "reverted" };
        for step in ended.reported(word) {
            let step = step_of(&step)?;
            if reported == Reported::IsThere && state.applied.contains(&step) != up {
                return Err(
                    format!("it reported {word} {step:?}, but the state is {state:?}").into(),
                );
            }
        }
        Ok(state)
    }

    /// Whether a run was hit in the middle.
    pub(super) fn struck(&self, after: &State) -> Struck {
        let all = self.judge.everything().len();
        match after.dirty.is_empty() && [0, all].contains(&after.applied.len()) {
            true => Struck::Aside,
            false => Struck::Midway,
        }
    }

    /// Runs a command that must succeed.
    pub(super) fn run(&self, arguments: &[&str]) -> Outcome<()> {
        self.victim.run(&self.through, arguments)?.succeeded()
    }

    /// Checks that every migration is applied.
    pub(super) fn expect_everything(&mut self) -> Outcome<()> {
        let state = self.judge.look(&self.server, &self.url)?;
        match state.applied == self.judge.everything() && state.dirty.is_empty() {
            true => Ok(()),
            false => Err(format!("every run succeeded, but the state is {state:?}").into()),
        }
    }

    /// Finishes without help, and checks that all migrations are applied or none.
    pub(super) fn finish(&mut self, arguments: &[&str]) -> Outcome<()> {
        self.victim.run(&self.through, arguments)?.succeeded()?;
        let wanted = match arguments.first() {
            Some(&"up") => self.judge.everything(),
            _ => BTreeSet::new(),
        };
        let state = self.judge.look(&self.server, &self.url)?;
        match state.applied == wanted && state.dirty.is_empty() {
            true => Ok(()),
            false => Err(format!("{arguments:?} ended with {state:?}").into()),
        }
    }
}

/// Parses `s0/20240101000000_00000000_m0`, as results name a step.
fn step_of(text: &str) -> Outcome<Step> {
    let (service, rest) = text.split_once('/').ok_or("a migration has a service")?;
    let (version, _) = rest.split_once('_').ok_or("a migration has a version")?;
    Ok((service.to_owned(), version.parse()?))
}
