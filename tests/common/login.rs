//! The shortest way to one login.

use std::ffi::c_int;
use std::path::Path;

use super::pam::{
    Client, PAM_CHANGE_EXPIRED_AUTHTOK, PAM_ERROR_MSG, PAM_MAXTRIES, PAM_TEXT_INFO, Stack,
};

/// What the stack of [`stack`] answers where the module said PAM_IGNORE: its neighbour's code,
/// which the module itself never gives.
pub const IGNORED: c_int = PAM_MAXTRIES;

/// A stack whose services `login`, `sshd` and `sudo` ask the module alone; arguments beside
/// `config=` may be given.
pub fn stack_with(config: &Path, arguments: &str) -> Stack {
    let stack = Stack::with_config(config);
    let module = format!("pam_rsldap.so config=CONFIG {arguments}");
    let text = format!(
        "auth [success=done ignore=ignore default=die] {module}\n\
         auth required pam_debug.so auth=maxtries\n\
         account [success=done new_authtok_reqd=done ignore=ignore default=die] {module}\n\
         account required pam_debug.so acct=maxtries\n\
         password [success=done ignore=ignore default=die] {module}\n\
         password required pam_debug.so prechauthtok=maxtries chauthtok=maxtries\n\
         session [success=done ignore=ignore default=die] {module}\n\
         session required pam_debug.so open_session=maxtries close_session=maxtries\n"
    );
    for service in ["login", "sshd", "sudo"] {
        stack.service(service, &text);
    }
    stack
}

/// [`stack_with`] without further arguments.
pub fn stack(config: &Path) -> Stack {
    stack_with(config, "")
}

/// A transaction of the service `login` that answers the first prompt with the password.
pub fn client(stack: &Stack, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Client {
    let mut client = Client::start(stack, "login", user);
    client.answer(password);
    client
}

/// The code of pam_authenticate(3) for this user and password.
pub fn auth(config: &Path, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> c_int {
    client(&stack(config), user, password).authenticate(0)
}

/// The code of pam_acct_mgmt(3) where pam_authenticate(3) was never called, as with ssh keys.
pub fn account(config: &Path, user: impl AsRef<[u8]>) -> c_int {
    let stack = stack(config);
    let mut client = Client::start(&stack, "login", user);
    let code = client.acct_mgmt(0);
    assert_eq!(
        client.prompts(),
        0,
        "the account phase asks the user nothing"
    );
    code
}

/// pam_chauthtok(3) of an application that runs as root, as sshd and login(1) do, with these answers: the
/// code, and what the user is told.
pub fn change_password(config: &Path, user: &str, answers: &[&str]) -> (c_int, Vec<String>) {
    let stack = stack(config);
    let mut client = Client::start(&stack, "login", user);
    for answer in answers {
        client.answer(answer);
    }
    let code = client.chauthtok(PAM_CHANGE_EXPIRED_AUTHTOK);
    assert_eq!(client.answers_left(), 0, "{:?}", client.messages());
    (code, told(&client))
}

/// What was said and is no question.
pub fn told(client: &Client) -> Vec<String> {
    client
        .messages()
        .into_iter()
        .filter(|message| matches!(message.style, PAM_TEXT_INFO | PAM_ERROR_MSG))
        .map(|message| message.text)
        // The neighbour of the module.
        .filter(|text| !text.starts_with("prechauthtok="))
        .collect()
}
