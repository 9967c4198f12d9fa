//! Large worlds for benchmarks.

use std::time::Duration;

use super::account::Account;
use super::api::Api;
use super::calls::Recording;
use super::method::Behaviour;
use crate::gateway::Verb;

/// As many methods as AWS lets an API have by default: 300 resources (facts B10), each with GET and OPTIONS.
const METHODS_PER_API: usize = 600;

impl Account {
    /// An account whose stages serve this many methods, all of them to be probed by GET or OPTIONS and all healthy after
    /// 50 ms (change it with [`Account::latency`]). Requests are counted, not kept.
    #[must_use]
    pub fn large(methods: usize) -> Self {
        let mut account = Self::new("us-east-1").latency(Duration::from_millis(50)).recording(Recording::Counts);
        let mut left = methods;
        while left > 0 {
            let here = left.min(METHODS_PER_API);
            let number = account.apis.len();
            account.apis.push(large_api(number, here));
            left -= here;
        }
        account
    }
}

fn large_api(number: usize, methods: usize) -> Api {
    let deployment = format!("dep{number:03}");
    Api::new(&format!("large{number:05}"), &format!("large-{number}"))
        .deploy(&deployment, |mut tree| {
            for index in 0..methods {
                let group = index / 2;
                // A third of the resources each: a literal, a parameter, a literal below a parameter.
                let resource = match group % 3 {
                    0 => format!("/things{group}"),
                    1 => format!("/things{group}/{{id}}"),
                    _ => format!("/things{group}/{{id}}/parts"),
                };
                let verb = if index % 2 == 0 { Verb::Get } else { Verb::Options };
                tree = tree.on(verb, &resource, Behaviour::Mock);
            }
            tree
        })
        .stage("prod", &deployment)
}

#[cfg(test)]
mod tests {
    use crate::simulator::Account;

    #[test]
    fn has_as_many_methods_as_asked_for() {
        for count in [0, 1, 599, 600, 601, 10_000] {
            assert_eq!(Account::large(count).deployed_methods(), count);
        }
    }
}
