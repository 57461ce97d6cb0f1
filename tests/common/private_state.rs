//! A private `/var/lib` for every test program of root's: the module remembers refusals there, and
//! neither the machine nor the next test program is to know of them.

use std::ffi::CStr;

/// Tells the children of a test program that they have its private `/var/lib` already. A child without
/// it gets one of its own.
pub const OWN_STATE: &str = "PAM_RSLDAP_TESTS_OWN_STATE";
const MARK: &CStr = c"PAM_RSLDAP_TESTS_OWN_STATE";

/// Runs before main(), while there is one thread: all others get its mount namespace.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = hide_state;

extern "C" fn hide_state() {
    // SAFETY: geteuid(2), getenv(3) and setenv(3) with NUL-terminated strings, in the only thread.
    let has_one = unsafe {
        libc::geteuid() != 0
            || !libc::getenv(MARK.as_ptr()).is_null()
            || libc::setenv(MARK.as_ptr(), c"1".as_ptr(), 1) != 0
    };
    if has_one {
        return;
    }
    let (none, root, state) = (c"none".as_ptr(), c"/".as_ptr(), c"/var/lib".as_ptr());
    let private = libc::MS_REC | libc::MS_PRIVATE;
    let (tmpfs, mode) = (c"tmpfs".as_ptr(), c"mode=0755".as_ptr());
    // SAFETY: unshare(2) concerns this process alone, which has one thread; mount(2) reads
    // NUL-terminated strings.
    let done = unsafe {
        libc::unshare(libc::CLONE_NEWNS) == 0
            && libc::mount(none, root, none, private, std::ptr::null()) == 0
            && libc::mount(none, state, tmpfs, 0, mode.cast()) == 0
    };
    if !done {
        // No panic may leave this function.
        let error = std::io::Error::last_os_error();
        eprintln!(
            "no private /var/lib ({error}): run the tests as a user, or as a root who may mount"
        );
        std::process::abort();
    }
}
