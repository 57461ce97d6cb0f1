//! The gates that groups are: asked about until they are decided.

use super::{End, Identity, Request, Stage, session};
use crate::directory::{Directory, DirectoryError, Entry};
use crate::ordered::ordered;
use crate::outcome::Outcome;
use crate::policy::{self, Answer, Facts, Question, Verdict};

/// Asks until every gate is decided; then for what the session gets.
pub(super) fn pass_gates(
    request: Request<'_>,
    entry: Entry,
    directory: &mut dyn Directory,
) -> Result<Identity, End> {
    let Request {
        config, service, ..
    } = request;
    let gates = policy::gates(config, service);
    let mut facts = Facts::new();
    loop {
        match policy::verdict(&gates, &config.flags, &facts) {
            Verdict::Open => break,
            Verdict::Shut(why) => return Err(End::Shut(Stage::Gates, why)),
            Verdict::ShutForService(why) => return Err(End::Shut(Stage::Service, why)),
            Verdict::Misconfigured(why) => return Err(End::Decided(Outcome::ConfigError, why)),
            Verdict::Ask(open) => ask(request, directory, &entry, open, &mut facts)?,
        }
    }
    let (flags, groups) = session::facts(request, directory, &entry, facts)?;
    let attributes = config
        .user
        .attributes
        .iter()
        .filter_map(|(key, attribute)| {
            Some((
                key.clone(),
                entry.first_text(attribute.as_str())?.to_owned(),
            ))
        });
    Ok(Identity {
        attributes: ordered(attributes),
        dn: entry.dn,
        flags,
        groups,
    })
}

/// Adds a fact for each of the questions, whatever the directory does: asking ends.
pub(super) fn ask(
    request: Request<'_>,
    directory: &mut dyn Directory,
    entry: &Entry,
    questions: Vec<Question>,
    facts: &mut Facts,
) -> Result<(), DirectoryError> {
    let mut answers = directory.ask(request.user, entry, &questions)?.into_iter();
    let unanswered = || Answer::Withheld("no answer".to_owned());
    facts.extend(
        questions
            .into_iter()
            .map(|question| (question, answers.next().unwrap_or_else(unanswered))),
    );
    Ok(())
}
