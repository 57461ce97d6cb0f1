//! The functions of libpam that pam-bindings lacks, and nothing else. Every function here is
//! described in a man page of Linux-PAM; the name of the function is the name of the page.

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::time::Duration;

use pam::module::PamHandle;
use zeroize::Zeroizing;

use super::handle::{Prepared, Remembered};
use super::refused::RefusedPasswords;
use crate::transaction::HostError;

const PAM_SUCCESS: c_int = 0;
const PAM_SYSTEM_ERR: c_int = 4;
const PAM_AUTH_ERR: c_int = 7;

/// The numbers of items in security/_pam_types.h.
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Item {
    /// `PAM_SERVICE`
    Service = 1,
    /// `PAM_USER`
    User = 2,
    /// `PAM_RHOST`
    Rhost = 4,
    /// `PAM_AUTHTOK`
    Authtok = 6,
    /// `PAM_OLDAUTHTOK`
    OldAuthtok = 7,
}

#[link(name = "pam")]
unsafe extern "C" {
    fn pam_get_user(pamh: *mut c_void, user: *mut *const c_char, prompt: *const c_char) -> c_int;
    fn pam_get_item(pamh: *const c_void, item: c_int, value: *mut *const c_void) -> c_int;
    fn pam_set_item(pamh: *mut c_void, item: c_int, value: *const c_void) -> c_int;
    fn pam_get_authtok(
        pamh: *mut c_void,
        item: c_int,
        authtok: *mut *const c_char,
        prompt: *const c_char,
    ) -> c_int;
    fn pam_prompt(
        pamh: *mut c_void,
        style: c_int,
        response: *mut *mut c_char,
        format: *const c_char,
        ...
    ) -> c_int;
    fn pam_putenv(pamh: *mut c_void, name_value: *const c_char) -> c_int;
    fn pam_fail_delay(pamh: *mut c_void, usec: c_uint) -> c_int;
}

fn raw(pamh: &mut PamHandle) -> *mut c_void {
    std::ptr::from_mut(pamh).cast()
}

/// `PAM_USER`; the user is asked for it where the application has not set it, as login(1) does.
///
/// # Errors
/// libpam's, from the conversation as a rule.
pub fn user(pamh: &mut PamHandle) -> Result<Vec<u8>, HostError> {
    let mut user = std::ptr::null();
    // SAFETY: pam_get_user(3): the handle is libpam's own for the time of this hook; `user` is ours; a
    // null prompt means the default one.
    let code = unsafe { pam_get_user(raw(pamh), &raw mut user, std::ptr::null()) };
    if code != PAM_SUCCESS || user.is_null() {
        let code = if code == PAM_SUCCESS {
            PAM_SYSTEM_ERR
        } else {
            code
        };
        return Err(HostError {
            code,
            action: "asking for the user's name",
        });
    }
    // SAFETY: pam_get_user(3) gave a string that ends with NUL and stays until PAM_USER is set again;
    // it is copied here.
    Ok(unsafe { CStr::from_ptr(user) }.to_bytes().to_vec())
}

/// Changes `PAM_USER`. False if libpam did not.
pub fn set_user(pamh: &mut PamHandle, user: &str) -> bool {
    let Ok(user) = CString::new(user) else {
        return false;
    };
    let value = user.as_ptr().cast();
    // SAFETY: pam_set_item(3): as above; PAM_USER is a string that ends with NUL, and libpam copies it.
    unsafe { pam_set_item(raw(pamh), Item::User as c_int, value) == PAM_SUCCESS }
}

/// A text item, empty if it is not set.
pub fn item(pamh: &mut PamHandle, item: Item) -> Vec<u8> {
    let mut value: *const c_void = std::ptr::null();
    // SAFETY: pam_get_item(3): as above; both items are strings.
    let code = unsafe { pam_get_item(raw(pamh), item as c_int, &raw mut value) };
    if code != PAM_SUCCESS || value.is_null() {
        return Vec::new();
    }
    // SAFETY: pam_get_item(3) gave a string that ends with NUL; it is copied here.
    unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec()
}

/// `PAM_AUTHTOK` or `PAM_OLDAUTHTOK`: what an earlier module or pass left, or what the user types now;
/// while a password is changed, `PAM_AUTHTOK` is the new one, and asked for twice. It stays in the
/// handle for the modules behind. Empty if `use_first_pass` is set and no module has left one.
///
/// # Errors
/// libpam's, from the conversation as a rule; [`MISTYPED`] if the new password was typed differently the
/// second time.
pub fn authtok(pamh: &mut PamHandle, item: Item) -> Result<Zeroizing<Vec<u8>>, HostError> {
    let mut authtok = std::ptr::null();
    // SAFETY: pam_get_authtok(3): as above; a null prompt means the default one.
    let code =
        unsafe { pam_get_authtok(raw(pamh), item as c_int, &raw mut authtok, std::ptr::null()) };
    match code {
        PAM_SUCCESS if !authtok.is_null() => {
            // SAFETY: pam_get_authtok(3) gave a string that ends with NUL; it is copied here.
            let typed = unsafe { CStr::from_ptr(authtok) };
            Ok(Zeroizing::new(typed.to_bytes().to_vec()))
        }
        PAM_SUCCESS | PAM_AUTH_ERR => Ok(Zeroizing::default()),
        code => Err(HostError {
            code,
            action: "asking for the password",
        }),
    }
}

/// pam_get_authtok(3) on a new password that was typed differently the second time: PAM_TRY_AGAIN.
pub const MISTYPED: c_int = 24;

/// The styles of a message (pam_conv(3)).
#[derive(Clone, Copy)]
#[repr(i32)]
pub enum Style {
    /// `PAM_ERROR_MSG`
    Error = 3,
    /// `PAM_TEXT_INFO`
    Info = 4,
}

/// Shows the user a text through the conversation (pam_prompt(3)). Whether it got there is the
/// application's affair.
pub fn show(pamh: &mut PamHandle, style: Style, text: &str) {
    let Ok(text) = CString::new(text) else {
        return;
    };
    // SAFETY: pam_prompt(3): the format is a constant that takes one string, which is ours until the
    // call returns; a null response means that none is wanted.
    unsafe {
        pam_prompt(
            raw(pamh),
            style as c_int,
            std::ptr::null_mut(),
            c"%s".as_ptr(),
            text.as_ptr(),
        )
    };
}

/// Sets a variable in the environment of the session (pam_putenv(3)). False if libpam did not.
pub fn put_environment(pamh: &mut PamHandle, name: &str, value: &str) -> bool {
    let Ok(variable) = CString::new(format!("{name}={value}")) else {
        return false;
    };
    // SAFETY: pam_putenv(3) copies the string.
    unsafe { pam_putenv(raw(pamh), variable.as_ptr()) == PAM_SUCCESS }
}

/// Asks libpam to delay the application's answer if authentication fails (pam_fail_delay(3)).
pub fn delay_failure(pamh: &mut PamHandle, delay: Duration) {
    let microseconds = c_uint::try_from(delay.as_micros()).unwrap_or(c_uint::MAX);
    // SAFETY: pam_fail_delay(3) takes a number.
    unsafe { pam_fail_delay(raw(pamh), microseconds) };
}

/// Something that can be left in the handle.
///
/// Each type has a key of its own: what is found under it is of that type.
pub trait Kept: Sized + 'static {
    /// The key.
    const KEY: &'static str;
}

impl Kept for Remembered {
    const KEY: &'static str = "pam_rsldap";
}

impl Kept for Prepared {
    const KEY: &'static str = "pam_rsldap_password";
}

impl Kept for RefusedPasswords {
    const KEY: &'static str = "pam_rsldap_refused";
}

/// Leaves something in the handle for later phases (pam_set_data(3)); it replaces what was there.
/// False if libpam did not take it.
pub fn keep<T: Kept>(pamh: &mut PamHandle, value: T) -> bool {
    pamh.set_data(T::KEY, Box::new(value)).is_ok()
}

/// What [`keep`] has left (pam_get_data(3)).
pub fn kept<T: Kept>(pamh: &PamHandle) -> Option<&T> {
    // SAFETY: only `keep` stores under this key, and it stores a `T`: the keys above differ. It stays
    // where it is until the handle ends or `keep` replaces it, which takes `&mut`.
    unsafe { pamh.get_data(T::KEY) }.ok()
}
