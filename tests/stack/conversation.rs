//! Applications whose conversation does not answer, pam_conv(3).

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use crate::common::pam::*;
use crate::scenario::{Scenario, Setting, user};
use crate::shipped::code_name;

/// A conversation that fails is no password, and no reason for pam_unix to ask once more.
fn assert_gives_up(code: c_int, context: &str) {
    let given_up = [PAM_CONV_ERR, PAM_AUTHTOK_ERR].contains(&code);
    assert!(given_up, "{context}: {}", code_name(code));
}

#[test]
fn a_conversation_that_fails_ends_the_phase() {
    let setting = Setting::probe(Scenario::Granted, "");
    let watch = setting.watch();
    let mut client = setting.client("probe");
    client.fail_conversation();
    assert_gives_up(client.authenticate(0), "PAM_CONV_ERR");
    let operations = watch.operations();
    assert!(
        operations.binds_as(&crate::common::directory::user_dn(&user())) == 0,
        "{operations:?}"
    );
}

#[test]
fn a_conversation_that_answers_nothing_ends_the_phase() {
    for converse in [no_response as Converse, null_text as Converse] {
        let setting = Setting::probe(Scenario::Granted, "");
        let code = authenticate_with(converse, &setting);
        assert_gives_up(code, "no response");
    }
}

#[test]
fn a_missing_user_name_is_asked_for() {
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = Client::start_without_user(&setting.stack, "probe");
    client.answer(user()).answer(Scenario::Granted.password());
    assert_eq!(code_name(client.authenticate(0)), "SUCCESS");
    assert_eq!(client.user(), Some(user()));
    let styles: Vec<_> = client.messages().iter().map(|m| m.style).collect();
    assert_eq!(styles, [PAM_PROMPT_ECHO_ON, PAM_PROMPT_ECHO_OFF]);
}

#[test]
fn a_missing_user_name_that_nobody_gives_is_no_login() {
    let setting = Setting::probe(Scenario::Granted, "");
    let mut client = Client::start_without_user(&setting.stack, "probe");
    client.fail_conversation();
    let code = client.authenticate(0);
    assert!(
        [PAM_CONV_ERR, PAM_USER_UNKNOWN].contains(&code),
        "{}",
        code_name(code)
    );
    assert!(![PAM_SUCCESS].contains(&client.acct_mgmt(0)));
}

// ---- A client that can answer with nothing, which the shared one never does ------------------

type Converse =
    unsafe extern "C" fn(c_int, *mut *const c_void, *mut *mut Response, *mut c_void) -> c_int;

#[repr(C)]
struct Response {
    text: *mut c_char,
    code: c_int,
}

#[repr(C)]
struct Conversation {
    converse: Converse,
    data: *mut c_void,
}

// The shared client declares the same functions with types of its own.
#[allow(clashing_extern_declarations)]
#[link(name = "pam")]
unsafe extern "C" {
    fn pam_start_confdir(
        service: *const c_char,
        user: *const c_char,
        conversation: *const c_void,
        directory: *const c_char,
        handle: *mut *mut c_void,
    ) -> c_int;
    fn pam_authenticate(handle: *mut c_void, flags: c_int) -> c_int;
    fn pam_set_item(handle: *mut c_void, item: c_int, value: *const c_void) -> c_int;
    fn pam_end(handle: *mut c_void, status: c_int) -> c_int;
}

/// "All is well", and no array of responses.
unsafe extern "C" fn no_response(
    _count: c_int,
    _messages: *mut *const c_void,
    _responses: *mut *mut Response,
    _data: *mut c_void,
) -> c_int {
    PAM_SUCCESS
}

/// "All is well", and responses without a text.
unsafe extern "C" fn null_text(
    count: c_int,
    _messages: *mut *const c_void,
    responses: *mut *mut Response,
    _data: *mut c_void,
) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: calloc(3); libpam passes a valid place and frees the array.
    unsafe { *responses = libc::calloc(count, size_of::<Response>()).cast() };
    PAM_SUCCESS
}

unsafe extern "C" fn no_delay(_code: c_int, _micros: libc::c_uint, _data: *mut c_void) {}

fn authenticate_with(converse: Converse, setting: &Setting) -> c_int {
    const PAM_FAIL_DELAY: c_int = 10;
    let user = CString::new(user()).unwrap();
    let directory = CString::new(setting.stack.path().as_os_str().as_bytes()).unwrap();
    let conversation = Conversation {
        converse,
        data: ptr::null_mut(),
    };
    let delay: unsafe extern "C" fn(c_int, libc::c_uint, *mut c_void) = no_delay;
    let mut handle = ptr::null_mut();
    // SAFETY: pam_start_confdir(3), pam_authenticate(3), pam_end(3): the strings are
    // NUL-terminated, and the conversation lives until pam_end.
    unsafe {
        let code = pam_start_confdir(
            c"probe".as_ptr(),
            user.as_ptr(),
            (&raw const conversation).cast(),
            directory.as_ptr(),
            &raw mut handle,
        );
        assert_eq!(code, PAM_SUCCESS);
        pam_set_item(handle, PAM_FAIL_DELAY, delay as *const c_void);
        let code = pam_authenticate(handle, 0);
        pam_end(handle, code);
        code
    }
}
