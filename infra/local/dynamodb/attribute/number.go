package attribute

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
)

// Limits of DynamoDB's numbers.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
const (
	maxDigits   = 38
	maxExponent = 125  // of the most significant digit
	minExponent = -130 // of the most significant digit
)

// Number is an exact decimal: sign × 0.d₁d₂… × 10^exp, where the digits have
// neither leading nor trailing zeros. The zero Number is 0, so that equal
// numbers have equal fields and == compares them.
type Number struct {
	sign   int8 // -1, 0 or 1
	exp    int16
	digits string
}

// NumberError says why a text is no number that DynamoDB can hold.
type NumberError string

// Error is the message that DynamoDB answers with.
func (e NumberError) Error() string { return string(e) }

// The ways in which a number can be refused.
const (
	ErrNotNumber = NumberError("The parameter cannot be converted to a numeric value")
	ErrPrecision = NumberError("Attempting to store more than 38 significant digits in a Number")
	ErrOverflow  = NumberError("Number overflow. Attempting to store a number with magnitude larger than supported range")
	ErrUnderflow = NumberError("Number underflow. Attempting to store a number with magnitude smaller than supported range")
)

// ParseNumber reads a decimal with optional sign, fraction and exponent. The
// error is one of the NumberErrors, with the text added to ErrNotNumber.
func ParseNumber(text string) (Number, error) {
	mantissa, exp, ok := splitExponent(text)
	if !ok {
		return Number{}, notNumber(text)
	}
	sign := int8(1)
	switch {
	case strings.HasPrefix(mantissa, "-"):
		sign, mantissa = -1, mantissa[1:]
	case strings.HasPrefix(mantissa, "+"):
		mantissa = mantissa[1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return Number{}, notNumber(text)
	}
	digits := whole
	if fraction != "" {
		digits = whole + fraction
	}
	return normal(sign, digits, len(whole)+exp)
}

func notNumber(text string) error {
	if text == "" {
		return ErrNotNumber
	}
	return NumberError(string(ErrNotNumber) + ": " + text)
}

// splitExponent cuts "1.5e-3" into "1.5" and -3. An exponent too long to matter
// is capped, so that the range check answers it.
func splitExponent(text string) (mantissa string, exp int, ok bool) {
	i := strings.IndexAny(text, "eE")
	if i < 0 {
		return text, 0, true
	}
	rest := text[i+1:]
	unsigned := strings.TrimLeft(rest, "+-")
	if unsigned == "" || len(rest)-len(unsigned) > 1 || !allDigits(unsigned) {
		return "", 0, false
	}
	exp, err := strconv.Atoi(rest)
	if err != nil || exp > 1_000_000 || exp < -1_000_000 {
		exp = 1_000_000
		if rest[0] == '-' {
			exp = -exp
		}
	}
	return text[:i], exp, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// normal makes the canonical Number of sign × 0.digits × 10^exp, or says which limit it breaks.
func normal(sign int8, digits string, exp int) (Number, error) {
	trimmed := strings.TrimLeft(digits, "0")
	exp -= len(digits) - len(trimmed)
	trimmed = strings.TrimRight(trimmed, "0")
	switch {
	case trimmed == "":
		return Number{}, nil
	case exp-1 > maxExponent:
		return Number{}, ErrOverflow
	case exp-1 < minExponent:
		return Number{}, ErrUnderflow
	case len(trimmed) > maxDigits:
		return Number{}, ErrPrecision
	}
	return Number{sign: sign, exp: int16(exp), digits: trimmed}, nil
}

// Int makes a Number from an integer.
func Int(i int64) Number {
	n, _ := ParseNumber(strconv.FormatInt(i, 10)) // 19 digits at most: always in range
	return n
}

// String writes the number as DynamoDB does: no exponent, no superfluous zeros.
func (n Number) String() string { return string(n.append(nil)) }

func (n Number) append(b []byte) []byte {
	if n.sign == 0 {
		return append(b, '0')
	}
	if n.sign < 0 {
		b = append(b, '-')
	}
	exp, size := int(n.exp), len(n.digits)
	switch {
	case exp <= 0:
		b = append(b, "0."...)
		b = appendZeros(b, -exp)
		return append(b, n.digits...)
	case exp >= size:
		b = append(b, n.digits...)
		return appendZeros(b, exp-size)
	default:
		b = append(b, n.digits[:exp]...)
		b = append(b, '.')
		return append(b, n.digits[exp:]...)
	}
}

func appendZeros(b []byte, n int) []byte {
	for range n {
		b = append(b, '0')
	}
	return b
}

// Compare orders two numbers by value: -1, 0 or 1.
func (n Number) Compare(o Number) int {
	if n.sign != o.sign {
		return cmp.Compare(n.sign, o.sign)
	}
	return n.compareMagnitude(o) * int(n.sign)
}

func (n Number) compareMagnitude(o Number) int {
	return cmp.Or(cmp.Compare(n.exp, o.exp), strings.Compare(n.digits, o.digits))
}

// Add returns n + o, exactly, or the NumberError of a result that is out of range.
func (n Number) Add(o Number) (Number, error) {
	scale := min(n.scale(), o.scale())
	sum := new(big.Int).Add(n.scaled(scale), o.scaled(scale))
	return fromBig(sum, scale)
}

// Sub returns n - o, exactly, or the NumberError of a result that is out of range.
func (n Number) Sub(o Number) (Number, error) {
	o.sign = -o.sign
	return n.Add(o)
}

// scale is the power of ten of the last digit.
func (n Number) scale() int { return int(n.exp) - len(n.digits) }

// scaled returns n / 10^scale, which is whole because scale is at most n.scale().
func (n Number) scaled(scale int) *big.Int {
	i := new(big.Int)
	if n.sign == 0 {
		return i
	}
	i.SetString(n.digits+strings.Repeat("0", n.scale()-scale), 10)
	if n.sign < 0 {
		i.Neg(i)
	}
	return i
}

func fromBig(i *big.Int, scale int) (Number, error) {
	digits := new(big.Int).Abs(i).String()
	return normal(int8(i.Sign()), digits, len(digits)+scale)
}

// Seconds returns the whole part of a positive number, as a time to live is
// read; ok is false for zero, for negative numbers and for those past int64.
func (n Number) Seconds() (seconds int64, ok bool) {
	if n.sign <= 0 || n.exp > 18 {
		return 0, false
	}
	whole := n.digits
	if int(n.exp) < len(whole) {
		whole = whole[:max(int(n.exp), 0)]
	}
	whole += strings.Repeat("0", max(int(n.exp)-len(whole), 0))
	seconds, err := strconv.ParseInt(whole, 10, 64)
	return seconds, err == nil
}
