//! Every key that the manual pages of the other programs name is known: carried over, or listed with
//! the reason why not.

use crate::command::{Answer, import};

fn unknown(answer: &Answer) -> Vec<String> {
    let notes = answer.json["notes"].as_array().expect("notes");
    let not_known = notes.iter().filter(|note| {
        note["text"]
            .as_str()
            .is_some_and(|text| text.starts_with("not known here"))
    });
    not_known.map(|note| note["setting"].to_string()).collect()
}

/// nslcd.conf(5) of nss-pam-ldapd 0.9.
const NSLCD: &str = "threads uid gid log uri ldap_version binddn bindpw rootpwmoddn rootpwmodpw sasl_mech sasl_realm \
    sasl_authcid sasl_authzid sasl_secprops sasl_canonicalize krb5_ccname base scope deref referrals filter map \
    bind_timelimit timelimit idle_timelimit reconnect_sleeptime reconnect_retrytime ssl tls_reqcert tls_cacertdir \
    tls_cacertfile tls_randfile tls_ciphers tls_cert tls_key tls_reqsan tls_crlcheck tls_crlfile pagesize \
    nss_initgroups_ignoreusers nss_min_uid nss_uid_offset nss_gid_offset nss_nested_groups nss_getgrent_skipmembers \
    nss_disable_enumeration validnames ignorecase pam_authc_ppolicy pam_authc_search pam_authz_search \
    pam_password_prohibit_message reconnect_invalidate cache";

/// pam_ldap(5), nss_ldap(5) and ldap.conf(5).
const PADL: &str = "host base uri ldap_version binddn bindpw rootbinddn port timelimit bind_timelimit referrals restart \
    scope deref ssl sslpath tls_checkpeer tls_cacertdir tls_cacertfile tls_ciphers tls_cert tls_key tls_randfile logdir \
    debug sasl_secprops pam_filter pam_login_attribute pam_lookup_policy pam_check_host_attr pam_check_service_attr \
    pam_groupdn pam_member_attribute pam_min_uid pam_max_uid pam_template_login_attribute pam_template_login \
    pam_password pam_password_prohibit_message pam_crypt pam_sasl_mech pam_nds_passwd nss_base_passwd nss_base_group \
    nss_map_attribute nss_map_objectclass nss_default_attribute_value nss_override_attribute_value nss_schema \
    nss_initgroups nss_initgroups_ignoreusers nss_getgrent_skipmembers nss_srv_domain nss_paged_results \
    nss_reconnect_tries nss_reconnect_sleeptime nss_connect_policy idle_timelimit bind_policy krb5_ccname use_sasl \
    rootuse_sasl sasl_auth_id rootsasl_auth_id pagesize sizelimit timeout network_timeout tls_cacert tls_reqcert \
    tls_cipher_suite tls_protocol_min tls_crlcheck tls_crlfile sasl_mech sasl_realm sasl_authcid sasl_authzid \
    sasl_nocanon gssapi_sign";

/// sssd.conf(5), sssd-ldap(5), sssd-simple(5): keys of a domain.
const SSSD: &str = "id_provider auth_provider access_provider chpass_provider sudo_provider autofs_provider \
    hostid_provider subdomains_provider selinux_provider session_provider resolver_provider description domain_type \
    enabled debug debug_level debug_timestamps command min_id max_id timeout enumerate subdomain_enumerate \
    offline_timeout offline_timeout_max offline_timeout_random_offset cache_credentials \
    cache_credentials_minimal_first_factor_length use_fully_qualified_names ignore_group_members entry_cache_timeout \
    entry_cache_user_timeout lookup_family_order account_cache_expiration pwd_expiration_warning filter_users \
    filter_groups dns_resolver_timeout dns_discovery_domain override_gid case_sensitive override_homedir \
    fallback_homedir homedir_substring override_shell default_shell realmd_tags subdomain_refresh_interval \
    subdomain_inherit subdomain_homedir cached_auth_timeout full_name_format re_expression auto_private_groups \
    refresh_expired_interval dyndns_update failover_primary_timeout wildcard_limit local_auth_policy \
    ldap_uri ldap_backup_uri ldap_search_base ldap_schema ldap_default_bind_dn ldap_default_authtok_type \
    ldap_default_authtok ldap_network_timeout ldap_opt_timeout ldap_offline_timeout ldap_tls_cacert \
    ldap_tls_cacertdir ldap_tls_cert ldap_tls_key ldap_tls_cipher_suite ldap_tls_reqcert ldap_sasl_mech \
    ldap_sasl_authid ldap_sasl_realm ldap_sasl_minssf ldap_sasl_maxssf ldap_sasl_canonicalize krb5_server krb5_realm \
    krb5_canonicalize krb5_use_kdcinfo ldap_krb5_keytab ldap_krb5_init_creds ldap_krb5_ticket_lifetime \
    ldap_entry_usn ldap_rootdse_last_usn ldap_referrals ldap_dns_service_name ldap_deref ldap_page_size \
    ldap_deref_threshold ldap_connection_expire_timeout ldap_connection_idle_timeout ldap_disable_paging \
    ldap_disable_range_retrieval ldap_search_timeout ldap_enumeration_search_timeout ldap_enumeration_refresh_timeout \
    ldap_enumeration_refresh_offset ldap_purge_cache_timeout ldap_purge_cache_offset ldap_id_use_start_tls \
    ldap_id_mapping ldap_user_search_base ldap_user_search_filter ldap_user_object_class ldap_user_name \
    ldap_user_uid_number ldap_user_gecos ldap_user_home_directory ldap_user_shell ldap_user_objectsid \
    ldap_user_principal ldap_user_fullname ldap_user_member_of ldap_user_shadow_last_change \
    ldap_user_authorized_service ldap_user_authorized_host ldap_user_authorized_rhost ldap_user_ssh_public_key \
    ldap_user_extra_attrs ldap_user_certificate ldap_user_email ldap_pwd_attribute ldap_ns_account_lock \
    ldap_group_search_base ldap_group_object_class ldap_group_name ldap_group_gid_number ldap_group_member \
    ldap_group_nesting_level ldap_group_type ldap_groups_use_matching_rule_in_chain \
    ldap_initgroups_use_matching_rule_in_chain ldap_use_tokengroups ldap_force_upper_case_realm \
    ldap_netgroup_search_base ldap_service_search_base ldap_host_search_base ldap_iphost_search_base \
    ldap_ipnetwork_search_base ldap_idmap_range_min ldap_subid_ranges_search_base \
    ldap_rfc2307_fallback_to_local_users ldap_min_id ldap_max_id ldap_pwd_policy ldap_use_ppolicy \
    ldap_ppolicy_pwd_change_threshold ldap_pwmodify_mode ldap_pwdlockout_dn ldap_access_filter \
    ldap_account_expire_policy ldap_access_order ldap_chpass_uri ldap_chpass_backup_uri ldap_chpass_dns_service_name \
    ldap_chpass_update_last_change ldap_sudo_search_base ldap_sudo_full_refresh_interval ldap_sudorule_command \
    ldap_autofs_search_base ldap_library_debug_level ldap_auth_disable_tls_never_use_in_production \
    simple_allow_users simple_deny_users simple_allow_groups simple_deny_groups avoid_by_id_lookups \
    client_idle_timeout idmap_range_max idp_client_id ldap_ignore_unreadable_references ldap_read_rootdse \
    ldap_subgid_count pwfield";

fn assert_known(name: &str, head: &str, keys: &str, separator: &str) {
    let lines: String = keys
        .split_whitespace()
        .map(|key| format!("{key}{separator}1\n"))
        .collect();
    let answer = import(name, format!("{head}{lines}"));
    assert_eq!(answer.code, 1, "the values are nonsense");
    assert_eq!(unknown(&answer), [""; 0], "{name}");
}

#[test]
fn every_key_of_nslcd_is_known() {
    assert_known("nslcd.conf", "", NSLCD, " ");
}

#[test]
fn every_key_of_padl_is_known() {
    let keys = PADL.replace(" pagesize ", " ");
    assert_known("pam_ldap.conf", "", &keys, " ");
}

#[test]
fn every_key_of_sssd_is_known() {
    let keys = SSSD.replace("id_provider auth_provider access_provider ", "");
    assert_known(
        "sssd.conf",
        "[domain/a]\nid_provider = ldap\naccess_provider = simple\n",
        &keys,
        " = ",
    );
}

#[test]
fn a_key_that_nobody_knows_is_told_and_no_error() {
    let base = "uri ldaps://a.example\nbase o=x\nthreads 1\npam_authz_search (&(cn=in)(memberUid=$username))\n";
    let answer = import("nslcd.conf", format!("{base}brand_new yes\n"));
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert_eq!(unknown(&answer), ["\"brand_new\""]);
}
