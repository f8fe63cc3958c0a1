package webhook

import (
	"net/netip"
	"testing"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]bool{
		"8.8.8.8": true, "1.1.1.1": true, "100.63.255.255": true, "100.128.0.0": true, "172.15.255.255": true, "172.32.0.1": true,
		"192.0.1.1": true, "198.17.255.255": true, "198.20.0.0": true, "223.255.255.255": true, "11.0.0.1": true,
		"2606:4700::1111": true, "2a00:1450:4001:81b::200e": true, "2001:4860:4860::8888": true,

		"0.0.0.0": false, "0.1.2.3": false, "10.0.0.1": false, "10.255.255.255": false, "100.64.0.1": false, "100.127.255.255": false,
		"127.0.0.1": false, "127.255.255.255": false, "169.254.169.254": false, "169.254.170.2": false, "169.254.100.1": false,
		"172.16.0.1": false, "172.31.255.255": false, "192.0.0.192": false, "192.0.2.1": false, "192.88.99.1": false,
		"192.168.0.1": false, "198.18.0.1": false, "198.19.255.255": false, "198.51.100.7": false, "203.0.113.7": false,
		"224.0.0.1": false, "239.255.255.255": false, "240.0.0.1": false, "255.255.255.255": false,

		"::": false, "::1": false, "::8.8.8.8": false, "::ffff:127.0.0.1": false, "::ffff:8.8.8.8": false, "::ffff:0:8.8.8.8": false,
		"64:ff9b::8.8.8.8": false, "64:ff9b::169.254.169.254": false, "64:ff9b:1::1": false, "100::1": false, "fe80::1": false, "fe80::1%eth0": false, "2606:4700::1%eth0": false,
		"fec0::1": false, "fc00::1": false, "fd00:ec2::254": false, "fdff::1": false, "ff02::1": false, "2001::1": false, "2001:0:4136:e378::1": false,
		"2001:db8::1": false, "2002:7f00:1::1": false, "2002:a9fe:a9fe::1": false, "3fff::1": false, "5f00::1": false, "4000::1": false,
	} {
		if got := public(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %t", address, got)
		}
	}
	if public(netip.Addr{}) {
		t.Error("no address at all")
	}
}

func TestWhatIsNoAddressIsRefused(t *testing.T) {
	for _, address := range []string{"", "8.8.8.8", "example.com:443", "[8.8.8.8:443", "127.0.0.1:443", "[::1]:443"} {
		if refuse("tcp", address, nil) == nil {
			t.Errorf("%q is let through", address)
		}
	}
	if err := refuse("tcp4", "8.8.8.8:443", nil); err != nil {
		t.Error(err)
	}
}

func FuzzPublic(f *testing.F) {
	f.Add([]byte{127, 0, 0, 1})
	f.Add([]byte{0x20, 0x02, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok || !public(a) {
			return
		}
		if a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || a.IsMulticast() || a.IsLinkLocalUnicast() || !a.IsGlobalUnicast() {
			t.Errorf("%s is public", a)
		}
	})
}
