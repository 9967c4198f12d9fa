//! A page in a file, which is written over only where it is one of ours.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use gateprobe::report::html::MARKER;

/// Writes the page. What stands there already must be a page of an earlier run.
pub fn write(path: &Path, page: &str) -> Result<(), String> {
    let name = path.display();
    let unwritten = |error| {
        format!(
            "{name} could not be written ({error}): start it in a directory that can be written to, or use --format html > FILE"
        )
    };
    let made = match OpenOptions::new().write(true).create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            // Not through a link, which may lead to anybody's file.
            if !path.symlink_metadata().is_ok_and(|about| about.is_file()) || !is_ours(path) {
                return Err(format!(
                    "{name} is there already and is no page of gateprobe, so it is left as it is: move it away, or use --format html > FILE"
                ));
            }
            OpenOptions::new().write(true).truncate(true).open(path)
        }
        made => made,
    };
    made.and_then(|mut file| file.write_all(page.as_bytes())).map_err(unwritten)
}

fn is_ours(path: &Path) -> bool {
    let mut begin = Vec::new();
    let read = std::fs::File::open(path).map(|file| file.take(MARKER.len() as u64).read_to_end(&mut begin));
    matches!(read, Ok(Ok(_))) && begin == MARKER.as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_ours_is_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.html");
        let page = format!("{MARKER}<html>");
        write(&path, &page).unwrap();
        write(&path, &format!("{page}2")).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{page}2"));
        for theirs in ["", "notes", "<!DOCTYPE html><!-- mine -->"] {
            std::fs::write(&path, theirs).unwrap();
            let refused = write(&path, &page).unwrap_err();
            assert!(refused.contains("left as it is"), "{refused}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), theirs);
        }
        let refused = write(directory.path(), &page).unwrap_err();
        assert!(refused.contains("left as it is"), "{refused}");
        let refused = write(&directory.path().join("none/report.html"), &page).unwrap_err();
        assert!(refused.contains("could not be written"), "{refused}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, theirs) = (directory.path().join("report.html"), directory.path().join("theirs"));
        std::fs::write(&theirs, MARKER).unwrap();
        std::os::unix::fs::symlink(&theirs, &path).unwrap();
        assert!(write(&path, "new").is_err());
        assert_eq!(std::fs::read_to_string(&theirs).unwrap(), MARKER);
    }
}
