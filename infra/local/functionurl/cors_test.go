package functionurl

import "testing"

func TestCORSIsTheConfigurations(t *testing.T) {
	one := &CORS{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, MaxAgeSeconds: 60}
	all := &CORS{AllowOrigins: []string{"*"}}
	private := &CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}
	const asks = "Access-Control-Request-Method: PUT"
	for _, c := range []struct {
		name, method string
		cors         *CORS
		headers      []string
		reached      bool
		want         map[string]string
	}{
		{"no configuration", "OPTIONS", nil, []string{"Origin: https://a.example", asks}, true, map[string]string{"Access-Control-Allow-Origin": "function"}},
		{"a preflight", "OPTIONS", one, []string{"Origin: https://a.example", asks}, false, map[string]string{
			"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Methods": "GET,PUT", "Access-Control-Allow-Headers": "x-a",
			"Access-Control-Max-Age": "60", "Vary": "Origin"}},
		{"a preflight from elsewhere", "OPTIONS", one, []string{"Origin: https://b.example", asks}, false, map[string]string{"Access-Control-Allow-Origin": ""}},
		{"OPTIONS that is no preflight", "OPTIONS", one, []string{"Origin: https://a.example"}, true, map[string]string{"Access-Control-Allow-Origin": "https://a.example"}},
		{"a request", "GET", one, []string{"Origin: https://a.example"}, true, map[string]string{"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Expose-Headers": "x-b"}},
		{"any origin", "GET", all, []string{"Origin: https://b.example"}, true, map[string]string{"Access-Control-Allow-Origin": "*"}},
		{"any origin with credentials", "GET", private, []string{"Origin: https://b.example"}, true, map[string]string{
			"Access-Control-Allow-Origin": "https://b.example", "Access-Control-Allow-Credentials": "true"}},
	} {
		f := newFake()
		f.result.Payload = []byte(`{"statusCode":200,"headers":{"access-control-allow-origin":"function"}}`)
		res, _ := ask(newHandler(f, URL{CORS: c.cors}), c.method, "/", "", c.headers...)
		if res.StatusCode != 200 || (len(f.events) == 1) != c.reached {
			t.Errorf("%s: %d, the function was reached %d times", c.name, res.StatusCode, len(f.events))
		}
		for name, want := range c.want {
			if got := res.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, name, got, want)
			}
		}
	}
}
