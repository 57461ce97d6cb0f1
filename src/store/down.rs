//! Down markers: which servers are not there, for all processes of this machine (`server.retry_after`).
//!
//! The first login that finds a server down writes a marker, and until it is `retry_after` old no other
//! process tries that server. Then one process at a time does, while the others still go by the
//! marker; the answer of the server removes it. A marker is a file of fixed size in a directory of
//! root's. One that is damaged, or was made by somebody else, or is from the future, counts as absent:
//! the worst that comes of it is that a dead server is tried once more.
//!
//! Time is CLOCK_BOOTTIME: setting the clock changes nothing, and `/run` does not outlive a boot.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::PathBuf;
use std::time::Duration;

use super::place::Place;
use crate::directory::Cause;
use crate::sys;

/// Where the markers are.
pub const PLACE: &str = "/run/pam_rsldap";

/// The size of a marker, in bytes: whatever is written over an older one covers all of it.
const SIZE: usize = 1024;

/// The longest detail in a marker, in bytes.
const MAX_DETAIL: usize = 512;

/// How often, and how far apart, a marker is looked at while another process has just locked it.
const LOOKS: usize = 20;
const PAUSE: Duration = Duration::from_millis(1);

const FIRST_LINE: &str = "pam_rsldap down marker 1";

/// The markers of this machine, as one configuration honours them.
#[derive(Debug)]
pub struct Markers {
    place: PathBuf,
    retry_after: Duration,
    /// The longest that a process may take to try a server.
    patience: Duration,
}

/// A server that is not to be tried now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Down {
    /// What was wrong.
    pub cause: Cause,
    /// The same and more, for people.
    pub detail: String,
    /// How long ago it was found so.
    pub age: Duration,
}

/// The right to try a server, and the duty to say how that ended. A ticket that is dropped changes
/// nothing for the others.
#[derive(Debug)]
pub struct Ticket {
    /// None: whatever comes of it is nobody else's business.
    place: Option<PathBuf>,
    server: String,
    /// The marker that this process has taken over, locked until the ticket is gone.
    probe: RefCell<Option<File>>,
}

/// What a marker says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Record {
    /// When the server was last found down.
    found: Duration,
    /// When a process began to try it again.
    probed: Option<Duration>,
    cause: Cause,
    detail: String,
}

impl Markers {
    /// Markers that count for `retry_after`; zero: this process neither reads nor writes any. A server
    /// that takes part in a login answers within `deadline` or not at all.
    #[must_use]
    pub fn new(retry_after: Duration, deadline: Duration) -> Self {
        Markers {
            place: PLACE.into(),
            retry_after,
            patience: deadline,
        }
    }

    /// May this server be tried?
    ///
    /// # Errors
    /// It was found down a short while ago, or another process is finding out.
    pub fn ticket(&self, server: &str) -> Result<Ticket, Down> {
        let free = |probe| Ticket {
            place: (!self.retry_after.is_zero()).then(|| self.place.clone()),
            server: server.to_owned(),
            probe: RefCell::new(probe),
        };
        let ticket = free(None);
        let Some(file) = ticket.marker() else {
            return Ok(ticket);
        };
        let mut locked = sys::lock(&file);
        let mut looks = 0..LOOKS;
        loop {
            match self.look(&file, server, locked) {
                Look::Gone => return Ok(ticket),
                Look::Damaged => return Ok(free(locked.then_some(file))),
                Look::Down(down) => return Err(down),
                // Whoever has the lock is about to say that it probes, or has done so.
                Look::Due(_) if !locked && looks.next().is_some() => std::thread::sleep(PAUSE),
                // Locked, or the lock belongs to a process that does not run any more.
                Look::Due(record) => {
                    let probed = Some(sys::boot_time());
                    Record { probed, ..record }.write(&file, server);
                    return Ok(free(Some(file)));
                }
            }
            locked = sys::lock(&file);
        }
    }

    /// What the marker of a server says, whether it still counts or not. Nothing is changed. None if
    /// there is none, or this process is not root's.
    #[must_use]
    pub fn seen(&self, server: &str) -> Option<Down> {
        let file = Place::existing(&self.place)?.file(&name(server))?;
        let record = Record::read(&file, server)?;
        let now = sys::boot_time();
        record.is_of_the_past(now).then(|| Down {
            cause: record.cause,
            detail: record.detail,
            age: now.saturating_sub(record.found),
        })
    }

    fn look(&self, file: &File, server: &str, locked: bool) -> Look {
        // Its last holder found the server up, and removed the marker after it was opened here.
        let removed = file.metadata().is_ok_and(|found| found.nlink() == 0);
        if removed {
            return Look::Gone;
        }
        let record = Record::read(file, server);
        // Behind the read: what was written just before it is not from the future.
        let now = sys::boot_time();
        let Some(record) = record.filter(|record| record.is_of_the_past(now)) else {
            return Look::Damaged;
        };
        let age = now.saturating_sub(record.found);
        // A prober that does not run any more, though it is there, holds nobody up.
        let is_probed = |since| !locked && now.saturating_sub(since) < self.patience;
        if age < self.retry_after || record.probed.is_some_and(is_probed) {
            let Record { cause, detail, .. } = record;
            return Look::Down(Down { cause, detail, age });
        }
        Look::Due(record)
    }
}

/// The server that the marker with this name is about, and what it says. None if it is none, or is from
/// the future.
#[must_use]
pub fn marker(place: &Place, file: &str) -> Option<(String, Down)> {
    let (server, record) = Record::read_any(&place.file(file)?)?;
    let now = sys::boot_time();
    let is_one = name(&server) == file && record.is_of_the_past(now);
    is_one.then(|| {
        let down = Down {
            cause: record.cause,
            detail: record.detail,
            age: now.saturating_sub(record.found),
        };
        (server, down)
    })
}

/// What a marker means for a login.
enum Look {
    /// Nothing: it is not there any more.
    Gone,
    /// Nothing.
    Damaged,
    /// The server is not to be tried now.
    Down(Down),
    /// Its time is over, and somebody has to try the server.
    Due(Record),
}

impl Ticket {
    fn marker(&self) -> Option<File> {
        Place::existing(self.place.as_deref()?)?.file(&name(&self.server))
    }

    fn new_marker(&self) -> Option<File> {
        let place = Place::made(self.place.as_deref()?)?;
        place.file_or_new(&name(&self.server)).ok()
    }

    /// The server has answered.
    pub fn answered(&self) {
        if let (Some(path), Some(_probe)) = (&self.place, self.probe.take()) {
            if let Some(place) = Place::existing(path) {
                place.remove(&name(&self.server));
            }
        }
    }

    /// The server is down. Where that cannot be written, every process has to find out for itself.
    pub fn failed(&self, cause: Cause, detail: &str) {
        let Some(file) = self.probe.take().or_else(|| self.new_marker()) else {
            return;
        };
        let record = Record {
            found: sys::boot_time(),
            probed: None,
            cause,
            detail: detail.to_owned(),
        };
        record.write(&file, &self.server);
    }
}

/// A server's URI can be longer than a file name, and has slashes in it.
fn name(server: &str) -> String {
    super::file_name(server, "down")
}

impl Record {
    /// One write of fixed size. A reader that meets it half done sees two times that differ.
    fn write(&self, file: &File, server: &str) {
        let found = self.found.as_millis();
        let probed = self.probed.unwrap_or_default().as_millis();
        let (cause, detail) = (self.cause.name(), one_line(&self.detail));
        let text = format!(
            "{FIRST_LINE}\nfound={found}\nprobed={probed}\ncause={cause}\nserver={server}\ndetail={detail}\n"
        );
        let end = format!("found={found} probed={probed}\n");
        let padding = SIZE.saturating_sub(text.len() + end.len());
        let text = format!("{text}{}{end}", "\n".repeat(padding));
        let _ = file.write_all_at(text.as_bytes(), 0);
    }

    /// None if it is damaged, or is about another server.
    fn read(file: &File, server: &str) -> Option<Self> {
        let (about, record) = Self::read_any(file)?;
        (about == server).then_some(record)
    }

    /// With the server that it is about.
    fn read_any(file: &File) -> Option<(String, Self)> {
        let mut bytes = vec![0; SIZE + 1];
        let length = file.read_at(&mut bytes, 0).ok()?;
        let text = std::str::from_utf8(bytes.get(..length)?).ok()?;
        Self::parse(text)
    }

    /// Whether it can have been written already.
    fn is_of_the_past(&self, now: Duration) -> bool {
        self.found <= now && self.probed.is_none_or(|probed| probed <= now)
    }

    fn parse(text: &str) -> Option<(String, Self)> {
        let mut lines = text.strip_prefix(FIRST_LINE)?.strip_prefix('\n')?.lines();
        let mut field = |key: &str| lines.next()?.strip_prefix(key)?.strip_prefix('=');
        let (found, probed) = (field("found")?, field("probed")?);
        let cause = Cause::from_name(field("cause")?)?;
        let server = field("server")?.to_owned();
        let detail = field("detail")?.to_owned();
        let end = format!("\nfound={found} probed={probed}\n");
        let whole = text.len() == SIZE && text.ends_with(&end);
        let time = |text: &str| text.parse().ok().map(Duration::from_millis);
        let (found, probed) = (time(found)?, time(probed)?);
        let record = Record {
            found,
            probed: (!probed.is_zero()).then_some(probed),
            cause,
            detail,
        };
        whole.then_some((server, record))
    }
}

/// The detail may quote a server.
fn one_line(detail: &str) -> String {
    let mut line = String::new();
    for c in detail.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + c.len_utf8() > MAX_DETAIL {
            break;
        }
        line.push(c);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "ldaps://ldap1.example.com";

    fn record() -> Record {
        Record {
            found: Duration::from_millis(90_500),
            probed: Some(Duration::from_millis(120_501)),
            cause: Cause::Refused,
            detail: "10.0.0.1:636: Connection refused\nfound=1".to_owned(),
        }
    }

    fn written(record: &Record) -> File {
        let file = tempfile::tempfile().unwrap();
        record.write(&file, SERVER);
        file
    }

    #[test]
    fn a_marker_says_what_was_written() {
        let mut expected = record();
        expected.detail = "10.0.0.1:636: Connection refused found=1".to_owned();
        assert_eq!(Record::read(&written(&record()), SERVER), Some(expected));
        let long = Record {
            detail: "é".repeat(SIZE),
            probed: None,
            ..record()
        };
        let file = written(&record());
        long.write(&file, SERVER);
        let read = Record::read(&file, SERVER).unwrap();
        assert_eq!(
            (read.detail.chars().count(), read.probed),
            (MAX_DETAIL / 2, None)
        );
    }

    #[test]
    fn a_marker_of_another_server_or_from_the_future_counts_for_nothing() {
        let file = written(&record());
        assert_eq!(Record::read(&file, "ldaps://ldap2.example.com"), None);
        // Earlier than it was found down, and earlier than it was tried again.
        for (now, possible) in [(90_499, false), (120_500, false), (120_501, true)] {
            let now = Duration::from_millis(now);
            assert_eq!(record().is_of_the_past(now), possible, "{now:?}");
        }
    }

    #[test]
    fn a_damaged_marker_counts_for_nothing() {
        let file = written(&record());
        let mut intact = vec![0; SIZE];
        file.read_exact_at(&mut intact, 0).unwrap();
        let reads = |bytes: &[u8]| {
            let file = tempfile::tempfile().unwrap();
            file.write_all_at(bytes, 0).unwrap();
            Record::read(&file, SERVER)
        };
        assert!(reads(&intact).is_some());
        for length in 0..SIZE {
            assert_eq!(reads(&intact[..length]), None, "cut at {length}");
        }
        assert_eq!(reads(&[intact.as_slice(), b"\n"].concat()), None);
        assert_eq!(reads(&vec![0xff; SIZE]), None);
        // Half of one write and half of the next.
        let later = written(&Record {
            found: Duration::from_millis(99_999),
            probed: None,
            ..record()
        });
        let mut torn = vec![0; SIZE];
        later.read_exact_at(&mut torn, 0).unwrap();
        torn[SIZE / 2..].copy_from_slice(&intact[SIZE / 2..]);
        assert_eq!(reads(&torn), None);
    }

    #[test]
    fn every_cause_is_found_by_its_word() {
        for cause in Cause::ALL {
            assert_eq!(Cause::from_name(cause.name()), Some(cause));
        }
        assert_eq!(Cause::from_name("no such word"), None);
    }

    #[test]
    fn a_marker_without_a_place_is_no_hindrance() {
        let markers = Markers::new(Duration::ZERO, Duration::from_secs(8));
        let ticket = markers.ticket(SERVER).unwrap();
        ticket.failed(Cause::Refused, "down");
        ticket.answered();
        assert!(markers.ticket(SERVER).is_ok());
    }
}
