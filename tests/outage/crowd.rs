//! Two hundred logins of different users, some with the wrong password, some who may not enter.

use std::ffi::c_int;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::directory::{password_of, user_dn};
use crate::common::pam::{
    PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_PERM_DENIED, PAM_SUCCESS, PAM_USER_UNKNOWN,
};
use crate::fixture::{Login, Rig};

/// How many logins there are, each of a user of its own: so the binds of one login can be counted.
pub const LOGINS: usize = 200;
const THREADS: usize = 4;

/// What is special about a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Granted,
    WrongPassword,
    Refused,
    Unknown,
}

impl Kind {
    /// The kind of the login of this number.
    pub fn of(number: usize) -> Kind {
        match number % 8 {
            3 | 6 => Kind::WrongPassword,
            5 => Kind::Refused,
            7 => Kind::Unknown,
            _ => Kind::Granted,
        }
    }

    /// What the application gets if the directory answers.
    pub fn code(self) -> c_int {
        match self {
            Kind::Granted => PAM_SUCCESS,
            Kind::WrongPassword => PAM_AUTH_ERR,
            Kind::Refused => PAM_PERM_DENIED,
            Kind::Unknown => PAM_USER_UNKNOWN,
        }
    }
}

/// The users that the directory has to have.
pub struct Members {
    pub known: Vec<String>,
    pub active: Vec<String>,
}

pub fn members() -> Members {
    let named = |wanted: fn(Kind) -> bool| {
        let numbers = (0..LOGINS).filter(|number| wanted(Kind::of(*number)));
        numbers.map(name).collect()
    };
    Members {
        known: named(|kind| kind != Kind::Unknown),
        active: named(|kind| !matches!(kind, Kind::Unknown | Kind::Refused)),
    }
}

fn name(number: usize) -> String {
    format!("crowd{number:03}")
}

/// The DN of the user of a login.
pub fn dn(number: usize) -> String {
    user_dn(&name(number))
}

/// A login that was made.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    pub number: usize,
    pub login: Login,
    pub begin: Instant,
}

impl Done {
    pub fn is_right(&self) -> bool {
        self.login.code == Kind::of(self.number).code()
    }

    /// Neither right nor "unavailable".
    pub fn is_wrong(&self) -> bool {
        !self.is_right() && self.login.code != PAM_AUTHINFO_UNAVAIL
    }
}

/// Makes all logins, in several threads with a pause behind each. `counted` is told of each one
/// before it begins, in the thread that makes it.
pub fn log_in(rig: &Rig, pause: Duration, counted: &AtomicUsize) -> Vec<Done> {
    let done = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = counted.fetch_add(1, Ordering::SeqCst);
                    if number >= LOGINS {
                        return;
                    }
                    let user = name(number);
                    let password = match Kind::of(number) {
                        Kind::WrongPassword => "not-the-password".to_owned(),
                        _ => password_of(&user),
                    };
                    let begin = Instant::now();
                    let login = rig.login((&user, &password));
                    done.lock().unwrap().push(Done {
                        number,
                        login,
                        begin,
                    });
                    thread::sleep(pause);
                }
            });
        }
    });
    done.into_inner().unwrap()
}

/// Asserts that no login went wrong, and answers how many were right and how many "unavailable".
pub fn judge(done: &[Done]) -> (usize, usize) {
    let wrong: Vec<_> = done.iter().filter(|done| done.is_wrong()).collect();
    assert!(wrong.is_empty(), "{} are wrong: {wrong:#?}", wrong.len());
    assert_eq!(done.len(), LOGINS);
    let right = done.iter().filter(|done| done.is_right()).count();
    (right, LOGINS - right)
}

/// The longest time that a login took.
pub fn slowest(done: &[Done]) -> Duration {
    let times = done.iter().map(|done| done.login.took);
    times.max().expect("at least one")
}
