//! How libpam walks a stack: what each answer of a module does, and what the application gets.
//!
//! One step at a time, so that a caller may follow one way through a stack or all of them.

use super::code::Code;
use super::control::Action;
use super::line::{Kind, Line};

/// What libpam answers when nobody has an opinion, and for a line that it could not read.
const MUST_FAIL: Code = Code::PERM_DENIED;

/// What the modules so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Impression {
    Undecided,
    Positive,
    Negative,
}

/// A place on the way through a stack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The line whose turn it is.
    next: usize,
    level: usize,
    impression: Impression,
    status: Code,
    /// How things stood when each substack began, which is what `reset` goes back to.
    began: Vec<(Impression, Code)>,
    /// A module has asked to be called again: the stack is left as it is.
    suspended: bool,
}

/// Which walk it is. pam_setcred(3) and pam_close_session(3) take the way that pam_authenticate(3)
/// and pam_open_session(3) took before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walk {
    First,
    Second {
        /// What the line answered in the first walk; `None` if it was not asked then.
        earlier: Option<Code>,
        jumps: Jumps,
    },
}

/// What a jump is in the second walk, where the libraries differ. In the first it is no vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jumps {
    /// A vote, as `ok` is: Linux-PAM as it is published.
    Vote,
    /// Still no vote: Debian and its kin.
    AreSilent,
}

impl State {
    pub fn start() -> State {
        State {
            next: 0,
            level: 0,
            impression: Impression::Undecided,
            status: MUST_FAIL,
            began: vec![(Impression::Undecided, MUST_FAIL)],
            suspended: false,
        }
    }

    /// The line whose turn it is, or `None` at the end.
    pub fn turn(&mut self, lines: &[Line]) -> Option<usize> {
        loop {
            let line = lines.get(self.next).filter(|_| !self.suspended)?;
            if self.level < line.level {
                self.began
                    .resize(line.level, (self.impression, self.status));
                self.began.push((self.impression, self.status));
            } else {
                self.began.truncate(line.level + 1);
            }
            self.level = line.level;
            if line.kind != Kind::Substack {
                return Some(self.next);
            }
            self.next += 1;
        }
    }

    /// What the application gets, at the end.
    pub fn result(&self) -> Code {
        if self.status == Code::SUCCESS && self.impression != Impression::Positive {
            return MUST_FAIL;
        }
        self.status
    }

    /// The line whose turn it is answers. Gives back what the answer did.
    pub fn answer(&mut self, lines: &[Line], answer: Code, walk: Walk) -> Option<Action> {
        let line = lines.get(self.next)?;
        let answer = match line.kind {
            Kind::MustFail => MUST_FAIL,
            Kind::Module { .. } | Kind::Substack => answer,
        };
        if answer == Code::INCOMPLETE {
            self.status = answer;
            self.suspended = true;
            return None;
        }
        // The second walk chooses its way by the old answers, and its votes are the new ones.
        let chosen = match walk {
            Walk::First => answer,
            Walk::Second { earlier, .. } => earlier.unwrap_or(answer),
        };
        let action = line.control.action(chosen);
        match action {
            Action::Ignore => {}
            Action::Reset => {
                (self.impression, self.status) = self
                    .began
                    .last()
                    .copied()
                    .unwrap_or((Impression::Undecided, MUST_FAIL));
            }
            Action::Ok => self.agree(answer, chosen),
            Action::Done => {
                self.agree(answer, chosen);
                if self.impression == Impression::Positive {
                    self.leave(lines);
                }
            }
            Action::Bad => self.refuse(answer),
            Action::Die => {
                self.refuse(answer);
                self.leave(lines);
            }
            Action::Jump(count) => {
                if let Walk::Second {
                    jumps: Jumps::Vote, ..
                } = walk
                {
                    self.agree(answer, chosen);
                }
                if !self.jump(lines, count) {
                    self.impression = Impression::Negative;
                    self.status = MUST_FAIL;
                }
            }
        }
        self.next += 1;
        Some(action)
    }

    fn agree(&mut self, answer: Code, chosen: Code) {
        let open = match self.impression {
            Impression::Undecided => true,
            Impression::Positive => self.status == Code::SUCCESS,
            Impression::Negative => false,
        };
        // In the second walk PAM_IGNORE is not handed on.
        if open && (answer != Code::IGNORE || chosen == answer) {
            self.impression = Impression::Positive;
            self.status = answer;
        }
    }

    fn refuse(&mut self, answer: Code) {
        if self.impression != Impression::Negative {
            self.impression = Impression::Negative;
            self.status = if answer == Code::IGNORE {
                MUST_FAIL
            } else {
                answer
            };
        }
    }

    /// To the last line of this stack or substack.
    fn leave(&mut self, lines: &[Line]) {
        let level = lines.get(self.next).map_or(0, |line| line.level);
        while lines
            .get(self.next + 1)
            .is_some_and(|next| next.level >= level)
        {
            self.next += 1;
        }
    }

    /// Over so many lines; a substack counts as one. False if there are fewer.
    fn jump(&mut self, lines: &[Line], count: u32) -> bool {
        match landing(lines, self.next, count) {
            Ok(last) => {
                self.next = last;
                true
            }
            Err(last) => {
                self.next = last;
                false
            }
        }
    }
}

/// The last line that a jump from line `from` skips, or as an error the last one it could.
///
/// # Errors
/// The stack, or the substack, has fewer lines than that.
pub fn landing(lines: &[Line], from: usize, count: u32) -> Result<usize, usize> {
    let mut at = from;
    let Some(level) = lines.get(from).map(|line| line.level) else {
        return Err(from);
    };
    let level_of = |index: usize| lines.get(index).map(|line| line.level);
    for _ in 0..count {
        if level_of(at + 1).is_none_or(|next| next < level) {
            return Err(at);
        }
        at += 1;
        while level_of(at + 1).is_some_and(|next| next > level) {
            at += 1;
        }
    }
    Ok(at)
}

/// A walk and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// What the application gets.
    pub result: Code,
    /// Each line that was asked, and its answer.
    pub asked: Vec<(usize, Code)>,
}

/// Walks a stack; `answer` says what the module of a line returns. For the second walk, `earlier`
/// is what the first has asked, and what a jump is.
pub fn walk(
    lines: &[Line],
    earlier: Option<(&[(usize, Code)], Jumps)>,
    mut answer: impl FnMut(usize, &Line) -> Code,
) -> Walked {
    let mut state = State::start();
    let mut asked = Vec::new();
    while let Some(index) = state.turn(lines) {
        let Some(line) = lines.get(index) else { break };
        let code = match line.kind {
            Kind::MustFail => MUST_FAIL,
            Kind::Module { .. } | Kind::Substack => answer(index, line),
        };
        let walk = earlier.map_or(Walk::First, |(earlier, jumps)| {
            let found = earlier.iter().find(|(at, _)| *at == index);
            let earlier = found.map(|(_, code)| *code);
            Walk::Second { earlier, jumps }
        });
        asked.push((index, code));
        state.answer(lines, code, walk);
    }
    Walked {
        result: state.result(),
        asked,
    }
}
