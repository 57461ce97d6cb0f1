//! What the controller says when it refuses a password.

use crate::common::login::{account, auth};
use crate::common::pam::{PAM_AUTH_ERR, PAM_SUCCESS, PAM_USER_UNKNOWN};
use crate::fixture::{Site, auth_right};

#[test]
fn the_right_password_gets_in_and_a_wrong_one_does_not() {
    let site = Site::enter();
    let config = site.config(&[]);
    assert_eq!(auth_right(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "alice", "wrong"), PAM_AUTH_ERR);
    assert_eq!(account(&config, "alice"), PAM_SUCCESS);
    assert_eq!(auth(&config, "nobody-here", "wrong"), PAM_USER_UNKNOWN);
}
