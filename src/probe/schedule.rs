//! Which probe goes next. Pure: told what the time is, and what has ended.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Job;
use super::pace::Pace;

/// After that much of the sweep's time, a group lets others go first that had less.
const TURN: Duration = Duration::from_secs(1);

/// Jobs that wait, by group.
///
/// A slow group must not hold the others up, so the next job comes from the group with the fewest in flight: slots that slow jobs
/// sit in are never more than their group's equal share while others want them. Among equals, those come first that took less
/// of the sweep's time so far, counted in whole [`TURN`]s; and then the caller's order decides. Whole turns, and not exact
/// fairness, so that a few groups are worked on at a time and their connections are used again while they are warm.
pub(super) struct Schedule<T> {
    groups: Vec<Group<T>>,
    /// Groups that may start a job now, best first.
    ready: BTreeSet<Rank>,
    /// Groups that have used their rate up, and until when.
    resting: BinaryHeap<Reverse<(Instant, usize)>>,
    running: usize,
    most: usize,
    most_of_group: usize,
}

/// In flight, turns had, place in the caller's order.
type Rank = (usize, u128, usize);

struct Group<T> {
    waiting: VecDeque<T>,
    pace: Option<Arc<Pace>>,
    running: usize,
    spent: Duration,
    resting: bool,
}

impl<T> Group<T> {
    fn new(pace: Option<Arc<Pace>>) -> Self {
        Self { waiting: VecDeque::new(), pace, running: 0, spent: Duration::ZERO, resting: false }
    }
}

/// A job to start, of the group with this number.
pub(super) struct Start<T> {
    pub(super) job: T,
    pub(super) group: usize,
    pub(super) pace: Option<Arc<Pace>>,
}

impl<T: Job> Schedule<T> {
    /// At most `most` in flight, and `most_of_group` of each group.
    pub(super) fn new(
        jobs: impl IntoIterator<Item = T>,
        most: usize,
        most_of_group: usize,
        pace: impl Fn(&str) -> Option<Arc<Pace>>,
    ) -> Self {
        let mut groups: Vec<Group<T>> = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for job in jobs {
            let known = numbers.get(job.group()).copied();
            let number = known.unwrap_or_else(|| {
                numbers.insert(job.group().to_owned(), groups.len());
                groups.push(Group::new(pace(job.group())));
                groups.len() - 1
            });
            groups[number].waiting.push_back(job);
        }
        let ready = (0..groups.len()).map(|number| (0, 0, number)).collect();
        let resting = BinaryHeap::new();
        Self { groups, ready, resting, running: 0, most: most.max(1), most_of_group: most_of_group.max(1) }
    }

    /// The next job, if one may start now. It counts as running until [`Self::finish`].
    pub(super) fn start(&mut self, now: Instant) -> Option<Start<T>> {
        if self.running >= self.most {
            return None;
        }
        while let Some(Reverse((until, number))) = self.resting.peek().copied() {
            if until > now {
                break;
            }
            self.resting.pop();
            self.groups[number].resting = false;
            self.enlist(number);
        }
        while let Some((_, _, number)) = self.ready.pop_first() {
            let group = &mut self.groups[number];
            if let Some(Err(until)) = group.pace.as_ref().map(|pace| pace.take(now)) {
                group.resting = true;
                self.resting.push(Reverse((until, number)));
                continue;
            }
            let Some(job) = group.waiting.pop_front() else { continue };
            group.running += 1;
            self.running += 1;
            let pace = group.pace.clone();
            self.enlist(number);
            return Some(Start { job, group: number, pace });
        }
        None
    }

    /// A job of this group has ended and its slot is free.
    pub(super) fn finish(&mut self, number: usize, took: Duration) {
        self.ready.remove(&self.rank(number));
        self.running = self.running.saturating_sub(1);
        let group = &mut self.groups[number];
        group.running = group.running.saturating_sub(1);
        group.spent += took;
        self.enlist(number);
    }

    /// When to ask again, if no job ends before: when the first rested group may go on.
    pub(super) fn wake(&self) -> Option<Instant> {
        if self.running >= self.most {
            return None;
        }
        self.resting.peek().map(|Reverse((until, _))| *until)
    }

    /// Takes out a job that will not be started any more.
    pub(super) fn give_up(&mut self) -> Option<T> {
        self.ready.clear();
        self.resting.clear();
        self.groups.iter_mut().find_map(|group| group.waiting.pop_front())
    }

    fn rank(&self, number: usize) -> Rank {
        let group = &self.groups[number];
        (group.running, group.spent.as_millis() / TURN.as_millis(), number)
    }

    fn enlist(&mut self, number: usize) {
        let group = &self.groups[number];
        if !group.waiting.is_empty() && !group.resting && group.running < self.most_of_group {
            self.ready.insert(self.rank(number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Request;

    /// A group's name and the job's number in it.
    #[derive(Debug, PartialEq)]
    struct Named(&'static str, usize);

    impl Job for Named {
        fn group(&self) -> &str {
            self.0
        }
        fn request(&self) -> &Request {
            unreachable!("a schedule sends nothing")
        }
    }

    fn schedule(groups: &[(&'static str, usize)], most: usize, most_of_group: usize) -> Schedule<Named> {
        paced(groups, most, most_of_group, 0, Instant::now())
    }

    fn paced(
        groups: &[(&'static str, usize)],
        most: usize,
        most_of_group: usize,
        rate: u32,
        now: Instant,
    ) -> Schedule<Named> {
        let jobs = groups.iter().flat_map(|&(group, count)| (0..count).map(move |number| Named(group, number)));
        Schedule::new(jobs, most, most_of_group, |_| Pace::new(rate, 1, now).map(Arc::new))
    }

    /// The groups of all jobs that may start now, one letter each.
    fn started(schedule: &mut Schedule<Named>, now: Instant) -> String {
        std::iter::from_fn(|| schedule.start(now)).map(|start| start.job.0).collect()
    }

    #[test]
    fn slots_are_shared_out_evenly_in_the_callers_order() {
        let now = Instant::now();
        assert_eq!(started(&mut schedule(&[("a", 9), ("b", 9), ("c", 1)], 7, 8), now), "abcabab");
        assert_eq!(started(&mut schedule(&[("a", 9), ("b", 9)], 64, 3), now), "ababab");
        assert_eq!(started(&mut schedule(&[("a", 2)], 64, 8), now), "aa");
        assert_eq!(started(&mut schedule(&[], 64, 8), now), "");
    }

    #[test]
    fn a_free_slot_goes_to_the_group_with_the_fewest_in_flight() {
        let now = Instant::now();
        let mut schedule = schedule(&[("s", 9), ("q", 9)], 4, 4);
        assert_eq!(started(&mut schedule, now), "sqsq");
        // s (group 0) is stuck with two: q keeps what it frees.
        schedule.finish(1, Duration::ZERO);
        assert_eq!(started(&mut schedule, now), "q");
        schedule.finish(0, Duration::ZERO);
        assert_eq!(started(&mut schedule, now), "s");
    }

    #[test]
    fn among_equals_who_had_a_turn_goes_last() {
        let now = Instant::now();
        let mut schedule = schedule(&[("a", 9), ("b", 9)], 1, 1);
        let mut order = String::new();
        for _ in 0..8 {
            let start = schedule.start(now).unwrap();
            order.push_str(start.job.0);
            schedule.finish(start.group, TURN / 2);
        }
        assert_eq!(order, "aabbaabb");
    }

    #[test]
    fn a_group_at_its_rate_rests_and_the_others_go_on() {
        let now = Instant::now();
        let later = now + Duration::from_secs(2);
        let mut schedule = paced(&[("a", 3), ("b", 2)], 64, 8, 1, now);
        assert_eq!(started(&mut schedule, now), "ab");
        let wake = schedule.wake().unwrap();
        assert!(wake > now && wake <= later);
        // A job that ends wakes nobody who rests, and makes nobody rest twice.
        schedule.finish(0, Duration::ZERO);
        assert!(schedule.ready.is_empty());
        assert_eq!(started(&mut schedule, now), "");
        assert_eq!(started(&mut schedule, later), "ab");
    }

    #[test]
    fn what_is_given_up_comes_in_order_and_only_what_waits() {
        let now = Instant::now();
        let mut schedule = schedule(&[("a", 3), ("b", 2)], 2, 1);
        assert_eq!(started(&mut schedule, now), "ab");
        let left: Vec<Named> = std::iter::from_fn(|| schedule.give_up()).collect();
        assert_eq!(left, [Named("a", 1), Named("a", 2), Named("b", 1)]);
        schedule.finish(0, Duration::ZERO);
        assert_eq!((started(&mut schedule, now).as_str(), schedule.wake()), ("", None));
    }
}
