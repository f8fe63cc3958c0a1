package webhook

import (
	"fmt"
	"net/netip"
	"syscall"
)

// internet is what of IPv6 is the Internet at all. Loopback, link-local and unique local addresses
// (with fd00:ec2::254, the metadata's), multicast, mapped and translated IPv4 (::ffff:0:0/96,
// 64:ff9b::/96) are outside.
// https://www.iana.org/assignments/ipv6-address-space/ipv6-address-space.xhtml
var internet = netip.MustParsePrefix("2000::/3")

// reserved are the parts of IPv4, and of internet, that are not public, or that stand for IPv4 addresses.
// https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
// https://www.iana.org/assignments/iana-ipv6-special-registry/iana-ipv6-special-registry.xhtml
var reserved = prefixes(
	"0.0.0.0/8",       // this network
	"10.0.0.0/8",      // private
	"100.64.0.0/10",   // shared (CGNAT)
	"127.0.0.0/8",     // loopback
	"169.254.0.0/16",  // link-local: metadata, Lambda's own
	"172.16.0.0/12",   // private
	"192.0.0.0/24",    // protocol assignments
	"192.0.2.0/24",    // documentation
	"192.88.99.0/24",  // relays to 6to4
	"192.168.0.0/16",  // private
	"198.18.0.0/15",   // benchmarks
	"198.51.100.0/24", // documentation
	"203.0.113.0/24",  // documentation
	"224.0.0.0/4",     // multicast
	"240.0.0.0/4",     // reserved, broadcast
	"2001::/23",       // protocol assignments, Teredo
	"2001:db8::/32",   // documentation
	"2002::/16",       // 6to4
	"3fff::/20",       // documentation
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// public reports whether the address is one of the Internet.
func public(a netip.Addr) bool {
	if !a.IsValid() || a.Is4In6() || a.Zone() != "" || a.Is6() && !internet.Contains(a) {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// refuse is a net.Dialer's Control: it is called for each address that is about to be connected to.
func refuse(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil || !public(a.Addr()) {
		return fmt.Errorf("%w: %s", errAddress, address)
	}
	return nil
}
