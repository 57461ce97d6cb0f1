"""Directory of the Ficus nursery, for its NetBox."""
import ldap
from os import environ

from django_auth_ldap.config import GroupOfNamesType, LDAPSearch

SUFFIX = "dc=example,dc=com"
GROUPS = "ou=groups," + SUFFIX

# One server; the test puts its own in place of this.
AUTH_LDAP_SERVER_URI = "@LDAPS@"
LDAP_CA_CERT_FILE = "@CA@"

AUTH_LDAP_CONNECTION_OPTIONS = {
    ldap.OPT_REFERRALS: 0,
    ldap.OPT_NETWORK_TIMEOUT: 3,
}

AUTH_LDAP_BIND_DN = f"cn=svc,{SUFFIX}"
AUTH_LDAP_BIND_PASSWORD = environ.get("NURSERY_SECRET", "not-the-real-one-4711")

AUTH_LDAP_USER_SEARCH = LDAPSearch(
    "ou=users,%s" % SUFFIX,
    ldap.SCOPE_SUBTREE,
    "(&(objectClass=inetOrgPerson)"
    "(uid=%(user)s))",
)
AUTH_LDAP_USER_DN_TEMPLATE = None

AUTH_LDAP_USER_ATTR_MAP = {
    "first_name": "givenName",
    "last_name": "sn",
    "email": "mail",
}

AUTH_LDAP_GROUP_SEARCH = LDAPSearch(GROUPS, ldap.SCOPE_SUBTREE, "(objectClass=groupOfNames)")
AUTH_LDAP_GROUP_TYPE = GroupOfNamesType()

AUTH_LDAP_USER_FLAGS_BY_GROUP = {
    "is_active": "cn=active, " + GROUPS,
    "is_staff": f"cn=staff,{GROUPS}",
    "is_superuser": f"cn=superuser,{GROUPS}",
}

AUTH_LDAP_FIND_GROUP_PERMS = True
AUTH_LDAP_CACHE_TIMEOUT = 60 * 60
AUTH_LDAP_ALWAYS_UPDATE_USER = True
