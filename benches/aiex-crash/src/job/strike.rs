//! What is done to the daemon, and what is asked of it meanwhile and afterwards.

use std::time::Duration;

use fastrand::Rng;
use rustix::process::Signal;

use super::Job;
use crate::blow;
use crate::failure::Failure;
use crate::fault::Fault;
use crate::program::{let_pass, wait_until};
use crate::tree::Tree;
use crate::workload::{self, Aim, Blow, Cycle, Step, Task};

/// How long a command may take while something stands in its way, before the daemon is ended.
const FAULTY: Duration = Duration::from_millis(1_500);

impl Job {
    /// One cycle, to the end of the daemon.
    pub(super) fn hurt(&mut self, cycle: &Cycle) -> Result<(), Failure> {
        let rng = &mut workload::rng(!self.plan.seed, self.cycle);
        for change in &cycle.before {
            self.change(*change, rng)?;
        }
        let bears_limits = matches!(cycle.blow, Blow::WritesFail(_));
        if bears_limits {
            self.program.end_daemon(Signal::KILL)?;
        }
        let was_dead = self.program.daemon().is_none();
        match cycle.blow {
            Blow::Kill(aim) if cycle.is_early => return self.hurt_early(cycle.opening, aim, rng),
            Blow::Fault(fault) if cycle.is_early => {
                self.program.end_daemon(Signal::KILL)?;
                self.program.faults()?.arm(&fault)?;
                self.try_for_a_while(cycle.opening, rng)?;
                return self.faulty(cycle, &fault, rng);
            }
            _ => {}
        }
        let opened = self.begin(cycle.opening, bears_limits, rng)?;
        let opened = self.end(opened)?;
        opened.must_answer()?;
        if was_dead {
            self.tally.restarts.push(opened.took);
        }
        match cycle.blow {
            Blow::Kill(aim) => {
                self.steps(&cycle.steps, rng)?;
                self.last_words(cycle.in_flight, rng, |job| {
                    blow::take_aim(aim, job.program.daemon());
                    job.kill()
                })
            }
            Blow::Terminate(delay) => {
                self.tally.fault("terminated");
                self.steps(&cycle.steps, rng)?;
                self.last_words(cycle.in_flight, rng, |job| {
                    let_pass(delay);
                    job.program.end_daemon(Signal::TERM)
                })
            }
            Blow::Freeze(time) => {
                self.tally.fault("frozen");
                self.frozen(cycle, rng, |_| Ok(()), time)
            }
            Blow::Overflow => {
                self.tally.fault("events lost");
                self.frozen(cycle, rng, Tree::flood, Duration::ZERO)
            }
            Blow::WritesFail(bytes) => {
                self.tally.fault("writes failed");
                self.limited(cycle, rng, |pid| blow::limit_writes(pid, bytes))
            }
            Blow::WriteKills(bytes) => {
                self.tally.fault("killed by a write");
                self.limited(cycle, rng, |pid| blow::limit_writes(pid, bytes))
            }
            Blow::Fault(fault) => {
                self.program.faults()?.arm(&fault)?;
                self.faulty(cycle, &fault, rng)
            }
            Blow::Slow(fault) => {
                self.tally.fault(fault.effect.name());
                self.program.faults()?.arm(&fault)?;
                let gone_through = self.steps(&cycle.steps, rng);
                self.program.faults()?.disarm()?;
                gone_through?;
                self.kill()
            }
            Blow::Clock(seconds) => {
                self.tally.fault("clock jumped");
                self.program.faults()?.put_clock_off(seconds)?;
                let gone_through = self.steps(&cycle.steps, rng);
                self.last_words(cycle.in_flight, rng, Self::kill)?;
                self.program.faults()?.put_clock_off(0)?;
                gone_through
            }
            Blow::NoFiles(further) => {
                self.tally.fault("out of files");
                self.limited(cycle, rng, |pid| blow::limit_files(pid, further))
            }
        }
    }

    /// A blow during the start.
    fn hurt_early(&mut self, opening: Task, aim: Aim, rng: &mut Rng) -> Result<(), Failure> {
        let mut running = self.begin(opening, false, rng)?;
        wait_until(FAULTY, || {
            self.program.daemon().is_some() || running.child.ends_within(Duration::ZERO)
        });
        blow::take_aim(aim, self.program.daemon());
        self.kill()?;
        self.end_excused(running)
    }

    fn steps(&mut self, steps: &[Step], rng: &mut Rng) -> Result<(), Failure> {
        for step in steps {
            match step {
                Step::Files(change) => self.change(*change, rng)?,
                Step::Ask(task) => {
                    let asked = self.begin(*task, false, rng)?;
                    let outcome = self.end(asked)?;
                    outcome.must_answer()?;
                }
            }
        }
        Ok(())
    }

    /// Strikes, while a command is on its way if there is to be one.
    fn last_words(
        &mut self,
        in_flight: Option<Task>,
        rng: &mut Rng,
        strike: impl FnOnce(&mut Self) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let asked = in_flight.map(|task| self.begin(task, false, rng)).transpose()?;
        strike(self)?;
        asked.map_or(Ok(()), |asked| self.end_excused(asked))
    }

    /// The daemon stands still while files change; then it must go on as if nothing had been.
    fn frozen(
        &mut self,
        cycle: &Cycle,
        rng: &mut Rng,
        meanwhile: impl FnOnce(&Tree) -> Result<(), Failure>,
        longer: Duration,
    ) -> Result<(), Failure> {
        let pid = self.program.daemon();
        pid.inspect(|pid| blow::freeze(*pid, true));
        let mut changed = meanwhile(&self.tree);
        for step in &cycle.steps {
            if let Step::Files(change) = step {
                changed = changed.and_then(|()| self.change(*change, rng));
            }
        }
        let task = cycle.in_flight.unwrap_or(Task::SearchFresh);
        let asked = self.begin(task, false, rng);
        let_pass(longer);
        pid.inspect(|pid| blow::freeze(*pid, false));
        changed?;
        let outcome = self.end(asked?)?;
        outcome.must_answer()?;
        self.kill()
    }

    /// Something that the daemon needs is short; then it is ended, and everything is as before.
    fn limited(
        &mut self,
        cycle: &Cycle,
        rng: &mut Rng,
        limit: impl FnOnce(rustix::process::Pid) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.was_short = true;
        if let Some(pid) = self.program.daemon() {
            limit(pid)?;
        }
        for step in &cycle.steps {
            match step {
                Step::Files(change) => self.change(*change, rng)?,
                Step::Ask(task) => self.try_for_a_while(*task, rng)?,
            }
        }
        self.try_for_a_while(cycle.in_flight.unwrap_or(Task::SearchFresh), rng)?;
        let_pass(Duration::from_millis(rng.u64(0..300)));
        self.kill()
    }

    /// An operation on the daemon's files goes wrong while this and that is asked for. When nothing is wrong any more, a
    /// daemon that has lived through it must answer without being started anew.
    fn faulty(&mut self, cycle: &Cycle, fault: &Fault, rng: &mut Rng) -> Result<(), Failure> {
        // An operation that fails may look like damage; one that never came about may not.
        self.was_short |= !fault.effect.is_end();
        for step in &cycle.steps {
            match step {
                Step::Files(change) => self.change(*change, rng)?,
                Step::Ask(task) => self.try_for_a_while(*task, rng)?,
            }
        }
        self.program.faults()?.disarm()?;
        let hit = self.program.faults()?.hit()?;
        if hit.is_some() {
            self.tally.fault(fault.effect.name());
            self.tally.kills += u64::from(fault.effect.is_end());
        }
        self.last_hit = hit;
        let asked = self.begin(Task::SearchFresh, false, rng)?;
        let outcome = self.end(asked)?;
        outcome.must_answer()?;
        self.kill()
    }

    /// A command that may fail. One that waits for long is helped by the end of the daemon.
    fn try_for_a_while(&mut self, task: Task, rng: &mut Rng) -> Result<(), Failure> {
        let mut asked = self.begin(task, false, rng)?;
        if !asked.child.ends_within(FAULTY) {
            self.kill()?;
        }
        self.end_excused(asked)
    }
}
