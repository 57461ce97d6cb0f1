//! slapd's `stats` log, read as operations.

/// What reached a server, from its log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operations {
    /// How many connections were accepted.
    pub connections: usize,
    /// The DN of each bind, "" for an anonymous one.
    pub binds: Vec<String>,
    /// Base and filter of each search.
    pub searches: Vec<(String, String)>,
    /// DN and attribute of each compare.
    pub compares: Vec<(String, String)>,
    /// All lines, for the message of a failing test.
    pub lines: Vec<String>,
}

impl Operations {
    /// How many binds named this DN.
    pub fn binds_as(&self, dn: &str) -> usize {
        self.binds
            .iter()
            .filter(|bind| bind.eq_ignore_ascii_case(dn))
            .count()
    }

    /// How many searches or compares were about this very entry: a compare of it, or a search of
    /// which it is the base.
    pub fn questions_about(&self, dn: &str) -> usize {
        let compares = self.compares.iter().map(|(entry, _)| entry);
        let searches = self.searches.iter().map(|(base, _)| base);
        compares
            .chain(searches)
            .filter(|entry| entry.eq_ignore_ascii_case(dn))
            .count()
    }

    /// True when not one connection was made and nothing was asked on an older one. (An older one
    /// may still be closing, which is no operation.)
    pub fn nothing(&self) -> bool {
        let operations = self.binds.len() + self.searches.len() + self.compares.len();
        self.connections == 0 && operations == 0
    }

    /// Takes in one line of the log.
    pub fn read(&mut self, line: &str) {
        self.lines.push(line.to_owned());
        if line.contains(" ACCEPT from ") {
            self.connections += 1;
        } else if let Some(bind) = line.split_once(" BIND dn=").map(|(_, rest)| rest) {
            // A bind that succeeds is logged a second time, with mech= instead of method=.
            if bind.contains(" method=") {
                self.binds.push(quoted(bind));
            }
        } else if line.contains(" SRCH base=") {
            // slapd cuts a long message, and its line end with it: the next one is on the same line.
            for search in line.split(" SRCH base=").skip(1) {
                let filter = search
                    .split_once(" filter=")
                    .map_or("", |(_, filter)| filter);
                self.searches.push((quoted(search), quoted(filter)));
            }
        } else if let Some((_, compare)) = line.split_once(" CMP dn=") {
            let attribute = compare
                .split_once(" attr=")
                .map_or("", |(_, attribute)| attribute);
            self.compares.push((quoted(compare), quoted(attribute)));
        }
    }
}

/// The text between the first quotation mark and the next one that ends a word.
fn quoted(text: &str) -> String {
    let text = text.strip_prefix('"').unwrap_or(text);
    text.split_once("\" ")
        .map_or(text.trim_end_matches('"'), |(inside, _)| inside)
        .to_owned()
}

/// The number in `conn=1000`.
pub fn connection(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("conn=")?;
    rest.split(' ').next()?.parse().ok()
}
