//! A client of the real libpam, as sshd or sudo would be one.
//!
//! [`Stack`] is a private directory of service files for `pam_start_confdir(3)`: no right on
//! `/etc/pam.d` is needed and nothing there is read. [`Client`] is one PAM transaction with a
//! scripted conversation.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;

use tempfile::TempDir;

// Return codes (security/_pam_types.h).
pub const PAM_SUCCESS: c_int = 0;
pub const PAM_OPEN_ERR: c_int = 1;
pub const PAM_SYMBOL_ERR: c_int = 2;
pub const PAM_SERVICE_ERR: c_int = 3;
pub const PAM_SYSTEM_ERR: c_int = 4;
pub const PAM_BUF_ERR: c_int = 5;
pub const PAM_PERM_DENIED: c_int = 6;
pub const PAM_AUTH_ERR: c_int = 7;
pub const PAM_CRED_INSUFFICIENT: c_int = 8;
pub const PAM_AUTHINFO_UNAVAIL: c_int = 9;
pub const PAM_USER_UNKNOWN: c_int = 10;
pub const PAM_MAXTRIES: c_int = 11;
pub const PAM_NEW_AUTHTOK_REQD: c_int = 12;
pub const PAM_ACCT_EXPIRED: c_int = 13;
pub const PAM_SESSION_ERR: c_int = 14;
pub const PAM_CRED_ERR: c_int = 17;
pub const PAM_CONV_ERR: c_int = 19;
pub const PAM_AUTHTOK_ERR: c_int = 20;
pub const PAM_TRY_AGAIN: c_int = 24;
pub const PAM_AUTHTOK_EXPIRED: c_int = 27;
pub const PAM_IGNORE: c_int = 25;
pub const PAM_ABORT: c_int = 26;

// Flags.
pub const PAM_SILENT: c_int = 0x8000;
pub const PAM_DISALLOW_NULL_AUTHTOK: c_int = 1;
pub const PAM_ESTABLISH_CRED: c_int = 2;
pub const PAM_DELETE_CRED: c_int = 4;
pub const PAM_REINITIALIZE_CRED: c_int = 8;
pub const PAM_REFRESH_CRED: c_int = 16;
pub const PAM_CHANGE_EXPIRED_AUTHTOK: c_int = 32;

// Items.
pub const PAM_SERVICE: c_int = 1;
pub const PAM_USER: c_int = 2;
pub const PAM_TTY: c_int = 3;
pub const PAM_RHOST: c_int = 4;
pub const PAM_RUSER: c_int = 8;
pub const PAM_USER_PROMPT: c_int = 9;
const PAM_FAIL_DELAY: c_int = 10;

// Styles of a message.
pub const PAM_PROMPT_ECHO_OFF: c_int = 1;
pub const PAM_PROMPT_ECHO_ON: c_int = 2;
pub const PAM_ERROR_MSG: c_int = 3;
pub const PAM_TEXT_INFO: c_int = 4;

#[repr(C)]
struct PamMessage {
    style: c_int,
    text: *const c_char,
}

#[repr(C)]
struct PamResponse {
    text: *mut c_char,
    code: c_int,
}

type Converse = unsafe extern "C" fn(
    c_int,
    *mut *const PamMessage,
    *mut *mut PamResponse,
    *mut c_void,
) -> c_int;

#[repr(C)]
struct PamConv {
    converse: Converse,
    data: *mut c_void,
}

enum PamHandle {}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const PamConv,
        directory: *const c_char,
        handle: *mut *mut PamHandle,
    ) -> c_int;
    fn pam_end(handle: *mut PamHandle, status: c_int) -> c_int;
    fn pam_set_item(handle: *mut PamHandle, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_item(handle: *const PamHandle, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_authenticate(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_acct_mgmt(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_setcred(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_open_session(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_close_session(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_chauthtok(handle: *mut PamHandle, flags: c_int) -> c_int;
    fn pam_getenvlist(handle: *mut PamHandle) -> *mut *mut c_char;
}

/// A private directory of PAM service files.
pub struct Stack {
    directory: TempDir,
    config: Option<PathBuf>,
}

impl Stack {
    /// A directory with nothing but `other`, which refuses everything.
    pub fn new() -> Stack {
        let stack = Stack {
            directory: TempDir::new().expect("a temporary directory"),
            config: None,
        };
        let refuse = ["auth", "account", "password", "session"]
            .map(|facility| format!("{facility} required pam_deny.so\n"))
            .concat();
        stack.service("other", &refuse);
        stack
    }

    /// As [`Stack::new`]; `CONFIG` in the service files stands for `config`.
    pub fn with_config(config: impl Into<PathBuf>) -> Stack {
        let mut stack = Stack::new();
        stack.config = Some(config.into());
        stack
    }

    /// From now on `CONFIG` in the text of a service stands for this path.
    pub fn set_config(&mut self, config: impl Into<PathBuf>) {
        self.config = Some(config.into());
    }

    /// Writes the service file `name`. In `text`, `pam_rsldap.so` stands for the module that was
    /// just built, and `CONFIG` for the configuration file of this stack.
    pub fn service(&self, name: &str, text: &str) -> &Stack {
        let module = super::module();
        let mut text = text.replace("pam_rsldap.so", module.to_str().expect("a UTF-8 path"));
        if let Some(config) = &self.config {
            text = text.replace("CONFIG", config.to_str().expect("a UTF-8 path"));
        }
        fs::write(self.directory.path().join(name), text).expect("a service file");
        self
    }

    /// The directory of the service files.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A message of a module, as the application's conversation saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub style: c_int,
    pub text: String,
}

#[derive(Default)]
struct Conversation {
    answers: VecDeque<Vec<u8>>,
    messages: Vec<Message>,
    delays: Vec<c_uint>,
    fails: bool,
    /// A prompt, and what happens when it is put.
    event: Option<(String, Box<dyn FnOnce()>)>,
}

/// One PAM transaction. Dropping it calls `pam_end(3)`.
pub struct Client {
    handle: *mut PamHandle,
    // Boxed: libpam keeps both addresses until pam_end.
    conversation: Box<RefCell<Conversation>>,
    _conv: Box<PamConv>,
    last: c_int,
}

impl Client {
    /// Begins a transaction of `service` for `user`, whose name may be any bytes but NUL.
    pub fn start(stack: &Stack, service: &str, user: impl AsRef<[u8]>) -> Client {
        Client::start_at(stack.path(), service, user)
    }

    /// The same in a directory of service files that another process has made.
    pub fn start_at(stack: &Path, service: &str, user: impl AsRef<[u8]>) -> Client {
        Client::try_start_at(stack, service, user).expect("pam_start_confdir")
    }

    /// The same, or what `pam_start_confdir(3)` answers where libpam refuses the service.
    pub fn try_start_at(
        stack: &Path,
        service: &str,
        user: impl AsRef<[u8]>,
    ) -> Result<Client, c_int> {
        Client::begin(stack, service, Some(user.as_ref()))
    }

    /// Begins a transaction as login(1) does: a module has to ask for the name.
    pub fn start_without_user(stack: &Stack, service: &str) -> Client {
        Client::begin(stack.path(), service, None).expect("pam_start_confdir")
    }

    fn begin(stack: &Path, service: &str, user: Option<&[u8]>) -> Result<Client, c_int> {
        let service = CString::new(service).expect("a service name");
        let user = user.map(|name| CString::new(name).expect("a name without NUL"));
        let directory = CString::new(stack.as_os_str().as_bytes()).expect("a path");
        let conversation = Box::new(RefCell::new(Conversation::default()));
        let data = ptr::from_ref(&*conversation).cast_mut().cast();
        let conv = Box::new(PamConv { converse, data });
        let mut handle = ptr::null_mut();
        // SAFETY: pam_start_confdir(3): the strings are NUL-terminated and copied; `conv` and its
        // data live in boxes that outlive the handle (Drop ends it first).
        let code = unsafe {
            pam_start_confdir(
                service.as_ptr(),
                user.as_ref().map_or(ptr::null(), |name| name.as_ptr()),
                &raw const *conv,
                directory.as_ptr(),
                &raw mut handle,
            )
        };
        if code != PAM_SUCCESS {
            return Err(code);
        }
        let client = Client {
            handle,
            conversation,
            _conv: conv,
            last: PAM_SUCCESS,
        };
        // Without a function of our own, libpam sleeps for seconds after each failure.
        let delay: unsafe extern "C" fn(c_int, c_uint, *mut c_void) = record_delay;
        // SAFETY: pam_set_item(3): PAM_FAIL_DELAY takes a function of this type; see pam_fail_delay(3).
        let code = unsafe { pam_set_item(client.handle, PAM_FAIL_DELAY, delay as *const c_void) };
        assert_eq!(code, PAM_SUCCESS, "pam_set_item(PAM_FAIL_DELAY)");
        Ok(client)
    }

    /// Appends an answer for the next prompt that has none. A prompt without an answer fails with
    /// PAM_CONV_ERR.
    pub fn answer(&mut self, answer: impl AsRef<[u8]>) -> &mut Client {
        self.conversation
            .borrow_mut()
            .answers
            .push_back(answer.as_ref().to_vec());
        self
    }

    /// From now on the conversation answers PAM_CONV_ERR, as when the user went away.
    pub fn fail_conversation(&mut self) -> &mut Client {
        self.conversation.borrow_mut().fails = true;
        self
    }

    /// All that modules have said so far.
    pub fn messages(&self) -> Vec<Message> {
        self.conversation.borrow().messages.clone()
    }

    /// How many questions were put to the user so far.
    pub fn prompts(&self) -> usize {
        let asks = |m: &&Message| matches!(m.style, PAM_PROMPT_ECHO_OFF | PAM_PROMPT_ECHO_ON);
        self.conversation
            .borrow()
            .messages
            .iter()
            .filter(asks)
            .count()
    }

    /// How many scripted answers were not asked for.
    pub fn answers_left(&self) -> usize {
        self.conversation.borrow().answers.len()
    }

    /// The delays, in microseconds, that libpam would have slept through.
    pub fn delays(&self) -> Vec<c_uint> {
        self.conversation.borrow().delays.clone()
    }

    pub fn set_rhost(&mut self, host: &str) -> &mut Client {
        self.set_item(PAM_RHOST, host)
    }

    pub fn set_tty(&mut self, tty: &str) -> &mut Client {
        self.set_item(PAM_TTY, tty)
    }

    /// Sets an item that is a string, `pam_set_item(3)`.
    pub fn set_item(&mut self, item: c_int, value: impl AsRef<[u8]>) -> &mut Client {
        let value = CString::new(value.as_ref()).expect("a value without NUL");
        // SAFETY: pam_set_item(3) copies the string; the handle is open.
        let code = unsafe { pam_set_item(self.handle, item, value.as_ptr().cast()) };
        assert_eq!(code, PAM_SUCCESS, "pam_set_item({item})");
        self
    }

    /// An item that is a string, or `None` where it is unset.
    pub fn item(&self, item: c_int) -> Option<Vec<u8>> {
        let mut value = ptr::null();
        // SAFETY: pam_get_item(3): the handle is open and `value` is a valid place.
        let code = unsafe { pam_get_item(self.handle, item, &raw mut value) };
        assert_eq!(code, PAM_SUCCESS, "pam_get_item({item})");
        if value.is_null() {
            return None;
        }
        // SAFETY: the items that callers ask for are NUL-terminated strings, valid until set anew.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec())
    }

    /// PAM_USER as text.
    pub fn user(&self) -> Option<String> {
        self.item(PAM_USER)
            .map(|name| String::from_utf8_lossy(&name).into_owned())
    }

    pub fn authenticate(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_authenticate(3): the handle is open and used by this thread alone.
        self.last = unsafe { pam_authenticate(self.handle, flags) };
        self.last
    }

    pub fn acct_mgmt(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_acct_mgmt(3), as above.
        self.last = unsafe { pam_acct_mgmt(self.handle, flags) };
        self.last
    }

    pub fn setcred(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_setcred(3), as above.
        self.last = unsafe { pam_setcred(self.handle, flags) };
        self.last
    }

    pub fn open_session(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_open_session(3), as above.
        self.last = unsafe { pam_open_session(self.handle, flags) };
        self.last
    }

    pub fn close_session(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_close_session(3), as above.
        self.last = unsafe { pam_close_session(self.handle, flags) };
        self.last
    }

    pub fn chauthtok(&mut self, flags: c_int) -> c_int {
        // SAFETY: pam_chauthtok(3), as above.
        self.last = unsafe { pam_chauthtok(self.handle, flags) };
        self.last
    }

    /// When the user is asked this, something happens, once.
    pub fn when_asked(&mut self, prompt: &str, event: impl FnOnce() + 'static) -> &mut Client {
        let event = Box::new(event);
        self.conversation.borrow_mut().event = Some((prompt.to_owned(), event));
        self
    }

    /// The environment that the application would give to the session.
    pub fn getenvlist(&mut self) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        // SAFETY: pam_getenvlist(3) answers a NULL-terminated array in which array and strings
        // are ours to free(3), or NULL.
        unsafe {
            let list = pam_getenvlist(self.handle);
            assert!(!list.is_null(), "pam_getenvlist");
            let mut next = list;
            while !(*next).is_null() {
                let entry = CStr::from_ptr(*next).to_string_lossy().into_owned();
                let (name, value) = entry.split_once('=').expect("NAME=value");
                environment.insert(name.to_owned(), value.to_owned());
                libc::free((*next).cast());
                next = next.add(1);
            }
            libc::free(list.cast());
        }
        environment
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: pam_end(3): the handle is open, and nobody uses it afterwards.
        unsafe { pam_end(self.handle, self.last) };
    }
}

/// The application's conversation function, pam_conv(3).
unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const PamMessage,
    responses: *mut *mut PamResponse,
    data: *mut c_void,
) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: `data` is the conversation that Client::begin registered; it outlives the handle.
    let conversation = unsafe { &*data.cast::<RefCell<Conversation>>() };
    let mut conversation = conversation.borrow_mut();
    // SAFETY: calloc(3); libpam frees the array and the strings in it.
    let array: *mut PamResponse = unsafe { libc::calloc(count, size_of::<PamResponse>()) }.cast();
    let mut code = if conversation.fails || array.is_null() {
        PAM_CONV_ERR
    } else {
        PAM_SUCCESS
    };
    for index in 0..count {
        // SAFETY: Linux-PAM passes an array of `count` pointers to messages.
        let message = unsafe { &**messages.add(index) };
        // SAFETY: the text of a message is a NUL-terminated string.
        let text = unsafe { CStr::from_ptr(message.text) }
            .to_string_lossy()
            .into_owned();
        conversation.messages.push(Message {
            style: message.style,
            text,
        });
        let asks = matches!(message.style, PAM_PROMPT_ECHO_OFF | PAM_PROMPT_ECHO_ON);
        if code != PAM_SUCCESS || !asks {
            continue;
        }
        let said = conversation.messages.last().map(|message| &message.text);
        if conversation.event.as_ref().map(|(prompt, _)| prompt) == said {
            let (_, event) = conversation.event.take().expect("an event");
            event();
        }
        match conversation.answers.pop_front() {
            Some(answer) => {
                let answer = CString::new(answer).expect("an answer without NUL");
                // SAFETY: `index` is below `count`; strdup(3) makes the copy that libpam frees.
                unsafe { (*array.add(index)).text = libc::strdup(answer.as_ptr()) };
            }
            None => code = PAM_CONV_ERR,
        }
    }
    if code == PAM_SUCCESS {
        // SAFETY: libpam passes a valid place for the answer.
        unsafe { *responses = array };
    } else {
        // SAFETY: nobody else has seen the array; a string in it is leaked in a failing test only.
        unsafe { libc::free(array.cast()) };
    }
    code
}

/// Takes the place of libpam's sleep after a failure, pam_fail_delay(3).
unsafe extern "C" fn record_delay(_code: c_int, microseconds: c_uint, data: *mut c_void) {
    // SAFETY: `data` is the conversation that Client::begin registered; it outlives the handle.
    let conversation = unsafe { &*data.cast::<RefCell<Conversation>>() };
    conversation.borrow_mut().delays.push(microseconds);
}
