# Django settings of the seed catalogue.
import ldap
from django_auth_ldap import config as dal
from django_auth_ldap.config import LDAPGroupQuery as Group

DEBUG = False
INSTALLED_APPS = ["catalogue", "django.contrib.auth"]

TREE = "dc=example,dc=com"


def in_groups(name):
    return "cn={},ou=groups,{}".format(name, TREE)


AUTH_LDAP_SERVER_URI = "@URI@"
AUTH_LDAP_START_TLS = True
AUTH_LDAP_GLOBAL_OPTIONS = {ldap.OPT_X_TLS_CACERTFILE: "@CA@"}

AUTH_LDAP_USER_DN_TEMPLATE = "uid=%(user)s,ou=users," + TREE
AUTH_LDAP_BIND_AS_AUTHENTICATING_USER = True

AUTH_LDAP_GROUP_SEARCH = dal.LDAPSearch("ou=groups," + TREE, ldap.SCOPE_SUBTREE, "(objectClass=groupOfNames)")
AUTH_LDAP_GROUP_TYPE = dal.NestedGroupOfNamesType(name_attr="cn")

# Whoever is in the outer circle by way of a group, or is a superuser, and not away.
AUTH_LDAP_REQUIRE_GROUP = (
    Group("cn=circle,ou=groups," + TREE) | Group("cn=superuser,ou=groups," + TREE)
) & ~Group("cn=away,ou=groups," + TREE)
AUTH_LDAP_DENY_GROUP = "cn=banned,ou=groups," + TREE

AUTH_LDAP_USER_FLAGS_BY_GROUP = {}
AUTH_LDAP_USER_FLAGS_BY_GROUP["is_staff"] = ["cn=staff,ou=groups," + TREE, "cn=superuser,ou=groups," + TREE]

AUTHENTICATION_BACKENDS = ("django_auth_ldap.backend.LDAPBackend",)
