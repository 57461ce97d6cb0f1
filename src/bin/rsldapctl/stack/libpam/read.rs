//! Reads the service files of pam.conf(5) and everything that they include.

use std::path::Path;
use std::rc::Rc;

use super::control::Control;
use super::line::{
    Facility, Kind, Line, Place, Reading, is_file_of_module, module_name, printable,
};
use super::problem::{DEFAULT_SERVICE, MOST_LINES, Problem, ReadError, Wrong};
use super::text::{self, Broken, Buffer, Logical, Words};
use super::tree::Tree;

/// As in libpam: since 1.6.0 for every kind of include, before that for substacks.
const DEEPEST: usize = 16;
/// The stacks of a service.
#[derive(Debug, Default)]
pub struct Service {
    /// The file of its own, if there is one.
    pub file: Option<Rc<Path>>,
    pub readings: Vec<Reading>,
    pub problems: Vec<Problem>,
    /// By facility.
    stacks: [Vec<Line>; 4],
    /// The facilities that have no line but those of `other`.
    pub borrowed: Vec<Facility>,
}

impl Service {
    pub fn lines(&self, facility: Facility) -> &[Line] {
        &self.stacks[facility as usize]
    }
}

/// Reads the stacks of a service, and lends it those of `other` where it has none.
///
/// # Errors
/// There are no files, they cannot be read, or libpam could not use them at all.
pub fn read(tree: &Tree, service: &str, buffer: Buffer) -> Result<Service, ReadError> {
    // pam_start(3) does the same with the name.
    let service = service.to_ascii_lowercase();
    if !tree.has_directory() {
        return Err(match tree.one_file() {
            Some(file) => ReadError::OneFile(file),
            None => ReadError::NoDirectory(tree.root().to_owned()),
        });
    }
    let own = read_file(tree, &service, buffer)?;
    let other = read_file(tree, DEFAULT_SERVICE, buffer)?;
    let (mut found, other) = match (own, other) {
        (None, None) => return Err(ReadError::NoFile(printable(service.as_bytes()))),
        (Some(own), None) => return Ok(own),
        (Some(own), Some(other)) => (own, other),
        (None, Some(other)) => (Service::default(), other),
    };
    let offset = found.readings.len();
    let mut lent = false;
    for (facility, lines) in Facility::ALL.into_iter().zip(other.stacks) {
        if found.lines(facility).is_empty() && !lines.is_empty() {
            let moved = lines.into_iter().map(|line| Line {
                reading: line.reading + offset,
                ..line
            });
            found.stacks[facility as usize] = moved.collect();
            found.borrowed.push(facility);
            lent = true;
        }
    }
    if lent {
        let moved = other.readings.into_iter().map(|reading| Reading {
            parent: reading.parent.map(|parent| parent + offset),
            ..reading
        });
        found.readings.extend(moved);
        found.problems.extend(other.problems);
    }
    Ok(found)
}

fn read_file(tree: &Tree, service: &str, buffer: Buffer) -> Result<Option<Service>, ReadError> {
    let Some((file, bytes)) = tree
        .open(service.as_bytes())
        .map_err(ReadError::Unreadable)?
    else {
        return Ok(None);
    };
    let mut reader = Reader {
        tree,
        buffer,
        service: Service {
            file: Some(file.clone()),
            ..Service::default()
        },
    };
    let top = Included {
        filter: None,
        level: 0,
        depth: 0,
        parent: None,
        substack: false,
    };
    match reader.file(file, &bytes, &top) {
        Ok(()) => Ok(Some(reader.service)),
        Err(Stop::GivenUp(place, why)) => Err(ReadError::Refused(place, why)),
        Err(Stop::Fatal(error)) => Err(error),
    }
}

/// Why reading a file ended early.
enum Stop {
    /// libpam gives up on this file. Where it was included, a line that fails takes its place.
    GivenUp(Place, String),
    Fatal(ReadError),
}

/// How a file comes to be read.
struct Included {
    /// Only the lines of this facility count.
    filter: Option<Facility>,
    level: usize,
    depth: usize,
    parent: Option<usize>,
    substack: bool,
}

struct Reader<'a> {
    tree: &'a Tree,
    buffer: Buffer,
    service: Service,
}

impl Reader<'_> {
    fn file(&mut self, file: Rc<Path>, bytes: &[u8], how: &Included) -> Result<(), Stop> {
        let reading = self.service.readings.len();
        self.service.readings.push(Reading {
            file: file.clone(),
            parent: how.parent,
            substack: how.substack,
        });
        let place = |number| Place {
            file: file.clone(),
            number,
        };
        let text = text::lines(bytes, self.buffer);
        for number in text.too_long {
            let what = "the line is longer than 1022 bytes with those that continue it, and libpam before 1.6.0 takes its end for another line";
            self.problem(place(number), Wrong::TooLong, what.to_owned());
        }
        for number in text.loose {
            let what = "the line ends in a backslash, and behind it is a blank line or a comment: libpam before 1.6.0 continues it with the next line all the same, a newer one ends it there";
            self.problem(place(number), Wrong::Loose, what.to_owned());
        }
        for line in text.lines {
            self.carriage_return(&line, place(line.number));
            self.line(&line, place(line.number), reading, how)?;
        }
        match text.broken {
            None => Ok(()),
            Some((number, Broken::Unfinished)) => Err(Stop::GivenUp(
                place(number),
                "the line ends in a backslash, and nothing continues it".to_owned(),
            )),
            Some((number, Broken::Endless)) => Err(Stop::Fatal(ReadError::Endless(place(number)))),
        }
    }

    fn line(
        &mut self,
        text: &Logical,
        place: Place,
        reading: usize,
        how: &Included,
    ) -> Result<(), Stop> {
        let mut words = Words::of(&text.text);
        let mut draft = Draft::new(place, how.level, reading);
        let first = words.next().unwrap_or_default();
        let word = first.strip_prefix(b"-").unwrap_or(&first);
        if word.eq_ignore_ascii_case(b"@include") {
            return self.include(draft, words.next(), how.filter, how, false);
        }
        let facility = Facility::parse(word).unwrap_or_else(|| {
            draft.fail(format!(
                "\"{}\" is none of auth, account, password and session; libpam lets an auth line that always fails take its place",
                printable(word)
            ));
            how.filter.unwrap_or(Facility::Auth)
        });
        if how.filter.is_some_and(|filter| filter != facility) {
            return Ok(());
        }
        let control = words.next();
        for (keyword, substack) in [("include", false), ("substack", true)] {
            let word = control.as_deref().unwrap_or_default();
            if word.eq_ignore_ascii_case(keyword.as_bytes()) {
                return self.include(draft, words.next(), Some(facility), how, substack);
            }
        }
        if words.unclosed {
            draft.fail("nothing closes the bracket \"[\" of its control".to_owned());
        }
        draft.read_control(control);
        draft.read_module(words)?;
        self.push(facility, draft, text.rest)
    }

    /// Says so once for each file: as a rule all its lines end like that.
    fn carriage_return(&mut self, text: &Logical, place: Place) {
        let line = text.text.strip_suffix(b"\n").unwrap_or(&text.text);
        let known = |p: &Problem| p.wrong == Wrong::CarriageReturn && p.place.file == place.file;
        if line.ends_with(b"\r") && !self.service.problems.iter().any(known) {
            let what = "the file has the line ends of Windows, and libpam takes the carriage return for a part of the last word: of a module's name, which it does not find then, or of an argument";
            self.problem(place, Wrong::CarriageReturn, what.to_owned());
        }
    }

    /// A line that includes a file. Where that fails, it becomes a line that always fails.
    fn include(
        &mut self,
        mut draft: Draft,
        name: Option<Vec<u8>>,
        filter: Option<Facility>,
        how: &Included,
        substack: bool,
    ) -> Result<(), Stop> {
        let place = draft.line.place.clone();
        if let Some((wrong, what)) = draft.complaint.take() {
            self.problem(place.clone(), wrong, what);
        }
        let Some(name) = name else {
            let why = "it includes a file and does not say which, and libpam crashes".to_owned();
            return Err(Stop::GivenUp(place, why));
        };
        if let (true, Some(facility)) = (substack, filter) {
            checked_name(&name, &place)?;
            let mut opening = draft.line.clone();
            opening.kind = Kind::Substack;
            self.add(facility, opening)?;
        }
        let included = Included {
            filter,
            level: how.level + usize::from(substack),
            depth: how.depth + 1,
            parent: Some(draft.line.reading),
            substack,
        };
        let Err((wrong, what)) = self.read_included(&name, &included)? else {
            return Ok(());
        };
        let Some(facility) = filter else {
            return Err(Stop::GivenUp(place, what));
        };
        draft.line.kind = Kind::MustFail;
        self.problem(place, wrong, what);
        self.add(facility, draft.line)
    }

    /// Reads a file that a line includes. The inner error is one that libpam survives.
    fn read_included(
        &mut self,
        name: &[u8],
        how: &Included,
    ) -> Result<Result<(), (Wrong, String)>, Stop> {
        let shown = printable(name);
        if how.depth >= DEEPEST {
            let what = format!("{shown} is included more than {} files deep", DEEPEST - 1);
            return Ok(Err((Wrong::TooDeep, what)));
        }
        let opened = self.tree.open(name);
        let Some((file, bytes)) = opened.map_err(|e| Stop::Fatal(ReadError::Unreadable(e)))? else {
            let what = format!("it includes {shown}, which does not exist");
            return Ok(Err((Wrong::NoSuchFile, what)));
        };
        if self.is_open(&file, how.parent) {
            let what = format!("it includes {shown}, which includes this file: a circle");
            return Ok(Err((Wrong::Circle, what)));
        }
        match self.file(file, &bytes, how) {
            Ok(()) => Ok(Ok(())),
            Err(Stop::GivenUp(inner, why)) => {
                let what = format!("libpam gives up on {shown} at {inner}: {why}");
                Ok(Err((Wrong::Unreadable, what)))
            }
            Err(fatal) => Err(fatal),
        }
    }

    /// Whether this file is being read already.
    fn is_open(&self, file: &Path, mut reading: Option<usize>) -> bool {
        while let Some(open) = reading.and_then(|index| self.service.readings.get(index)) {
            if *open.file == *file {
                return true;
            }
            reading = open.parent;
        }
        false
    }

    fn push(&mut self, facility: Facility, draft: Draft, rest: bool) -> Result<(), Stop> {
        // The end of a line that is too long has been complained about already.
        if let (Some((wrong, what)), false) = (draft.complaint, rest) {
            self.problem(draft.line.place.clone(), wrong, what);
        }
        self.add(facility, draft.line)
    }

    fn add(&mut self, facility: Facility, line: Line) -> Result<(), Stop> {
        let count: usize = self.service.stacks.iter().map(Vec::len).sum();
        if count >= MOST_LINES {
            return Err(Stop::Fatal(ReadError::TooMuch(line.place)));
        }
        self.service.stacks[facility as usize].push(line);
        Ok(())
    }

    fn problem(&mut self, place: Place, wrong: Wrong, what: String) {
        let known = |p: &Problem| p.place == place && p.wrong == wrong;
        if !self.service.problems.iter().any(known) {
            self.service.problems.push(Problem { place, wrong, what });
        }
    }
}

/// A line that is being read.
struct Draft {
    line: Line,
    complaint: Option<(Wrong, String)>,
    /// The line fails without its module being called.
    fails: bool,
}

impl Draft {
    fn new(place: Place, level: usize, reading: usize) -> Draft {
        Draft {
            line: Line {
                place,
                kind: Kind::Substack,
                control: Control::all_bad(),
                level,
                reading,
            },
            complaint: None,
            fails: false,
        }
    }

    fn fail(&mut self, what: String) {
        self.fails = true;
        self.complain(Wrong::Unreadable, what);
    }

    fn complain(&mut self, wrong: Wrong, what: String) {
        self.complaint.get_or_insert((wrong, what));
    }

    fn read_control(&mut self, word: Option<Vec<u8>>) {
        let Some(word) = word else {
            self.fail("there is no control behind the type".to_owned());
            return;
        };
        if let Some(control) = Control::keyword(&word) {
            self.line.control = control;
            return;
        }
        match Control::parse(&word) {
            Ok(control) => self.line.control = control,
            Err(why) => {
                // libpam calls the module all the same, and takes every answer for a failure.
                let what = format!("the control \"{}\" cannot be read: {why}", printable(&word));
                self.complain(Wrong::Unreadable, what);
            }
        }
    }

    fn read_module(&mut self, mut words: Words<'_>) -> Result<(), Stop> {
        let Some(module) = words.next() else {
            self.fail("there is no module on the line".to_owned());
            self.line.kind = Kind::MustFail;
            return Ok(());
        };
        checked_name(&module, &self.line.place)?;
        if !is_file_of_module(&module) && !module.ends_with(b"\r") {
            let what = format!(
                "\"{}\" does not end in .so, and libpam looks for a file of just that name",
                printable(&module)
            );
            self.complain(Wrong::NoModule, what);
        }
        self.line.kind = if self.fails {
            Kind::MustFail
        } else {
            let arguments = words.collect();
            Kind::Module { module, arguments }
        };
        Ok(())
    }
}

/// libpam takes a name that is empty without directory and suffix, or "?", for no name.
fn checked_name(name: &[u8], place: &Place) -> Result<(), Stop> {
    match module_name(name) {
        b"" | b"?" => Err(Stop::GivenUp(
            place.clone(),
            format!("\"{}\" is no name of a module", printable(name)),
        )),
        _ => Ok(()),
    }
}
