//! Following `position` from page to page, and not for ever.
//!
//! AWS leaves the position out on the last page. Emulators ignore `limit` and `position` and send everything each time,
//! and one that echoes a position would be asked until the deadline.

use std::collections::HashSet;
use std::future::Future;

use super::failure::CallError;

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Where the next one starts; `None` or empty on the last.
    pub(super) next: Option<String>,
}

/// How reading a list ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the last page.
    Complete,
    /// The endpoint led in a circle: there may be more.
    Circle,
    /// A page could not be read.
    Failed(CallError),
}

/// Reads a list from its first page to its last. What was read before a failure is kept; an item whose key was seen
/// before is left out, and a page of nothing else ends the reading.
pub(super) async fn read_all<T, F>(
    key: impl Fn(&T) -> Option<&str>,
    mut page_at: impl FnMut(Option<String>) -> F,
) -> (Vec<T>, End)
where
    F: Future<Output = Result<Page<T>, CallError>>,
{
    let mut all = Vec::new();
    let mut keys = HashSet::new();
    let mut positions = HashSet::new();
    let mut position = None;
    loop {
        let page = match page_at(position).await {
            Ok(page) => page,
            Err(error) => return (all, End::Failed(error)),
        };
        let before = all.len();
        all.extend(page.items.into_iter().filter(|item| key(item).is_some_and(|key| keys.insert(key.to_owned()))));
        match page.next.filter(|next| !next.is_empty()) {
            None => return (all, End::Complete),
            Some(next) if all.len() == before || !positions.insert(next.clone()) => return (all, End::Circle),
            next => position = next,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::Operation;

    /// Reads lists whose pages are scripted: items, then the position that they point to.
    async fn read(pages: &[(&[&'static str], Option<&str>)]) -> (Vec<&'static str>, End, usize) {
        let mut asked = 0;
        let (items, end) = read_all(
            |item: &&'static str| Some(*item),
            |_| {
                let page = pages.get(asked.min(pages.len() - 1)).unwrap();
                asked += 1;
                let page = Page { items: page.0.to_vec(), next: page.1.map(ToOwned::to_owned) };
                async { Ok(page) }
            },
        )
        .await;
        (items, end, asked)
    }

    #[tokio::test]
    async fn pages_follow_each_other_until_one_has_no_position() {
        let (items, end, asked) = read(&[(&["a", "b"], Some("2")), (&["c"], Some("3")), (&["d"], None)]).await;
        assert_eq!((items, end, asked), (vec!["a", "b", "c", "d"], End::Complete, 3));
        assert_eq!(read(&[(&[], None)]).await, (vec![], End::Complete, 1));
        assert_eq!(read(&[(&["a"], Some(""))]).await, (vec!["a"], End::Complete, 1));
    }

    #[tokio::test]
    async fn an_endpoint_that_ignores_the_position_is_not_asked_for_ever() {
        assert_eq!(read(&[(&["a", "b"], Some("2"))]).await, (vec!["a", "b"], End::Circle, 2));
    }

    #[tokio::test]
    async fn a_position_that_comes_again_ends_the_reading() {
        let circle: [(&[&str], _); 3] = [(&["a"], Some("2")), (&["b"], Some("3")), (&["c"], Some("2"))];
        assert_eq!(read(&circle).await, (vec!["a", "b", "c"], End::Circle, 3));
    }

    #[tokio::test]
    async fn what_was_read_before_a_failure_is_kept() {
        let mut asked = 0;
        let failure = CallError::out_of_time(Operation::GetRestApis);
        let (items, end) = read_all(
            |item: &&str| Some(*item),
            |position| {
                asked += 1;
                let page = if asked == 1 {
                    assert_eq!(position, None);
                    Ok(Page { items: vec!["a"], next: Some("p".to_owned()) })
                } else {
                    assert_eq!(position.as_deref(), Some("p"));
                    Err(failure.clone())
                };
                async { page }
            },
        )
        .await;
        assert_eq!((items, end), (vec!["a"], End::Failed(failure.clone())));
    }
}
