# The domain controller dc1.ad.example.com, in an enclosure. Its directories are empty ones in memory, so
# neither what this machine has below them nor its smb.conf(5) has a say.
ip addr add 192.0.2.1/32 dev lo # provisioning wants an address that is not loopback's
hostname dc1
for directory in /etc/samba /var/lib/samba /var/cache/samba /var/log/samba /run; do
    mkdir -p "$directory"
    mount -t tmpfs -o mode=0755 samba "$directory"
done
mkdir -p /run/samba /run/lock /var/lib/samba/private
echo provisioning
# No SMB, no NetBIOS, no winbindd: all that would start other programs. Simple binds without TLS are
# refused, which is Samba's own default too.
samba-tool domain provision --realm=AD.EXAMPLE.COM --domain=AD --server-role=dc \
    --host-name=dc1 --host-ip=192.0.2.1 --adminpass="$ADMINISTRATOR_PASSWORD" \
    --use-rfc2307 --dns-backend=SAMBA_INTERNAL \
    --option="interfaces = lo" --option="bind interfaces only = yes" \
    --option="server services = ldap, cldap, kdc, dns" \
    --option="dns forwarder = 127.0.0.2" \
    --option="ldap server require strong auth = yes" \
    --option="tls certfile = $PWD/server.pem" \
    --option="tls keyfile = $PWD/server.key" \
    --option="tls cafile = $PWD/ca.pem" >provision.log 2>&1 || {
    cat provision.log
    exit 1
}
# Provisioning does not take this one: it would let an old password live on for an hour.
sed -i 's/^\[global\]$/&\n\told password allowed period = 0/' /etc/samba/smb.conf
echo seeding
python3 seed.py
echo starting
samba --interactive --model=single --debug-stdout
