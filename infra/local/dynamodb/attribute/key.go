package attribute

// First bytes of an encoded number, so that negatives come before zero and zero before positives.
const (
	negative = 0x7f
	zero     = 0x80
	positive = 0x81
)

// expBias moves the exponent of any Number into one unsigned byte.
const expBias = -(minExponent + 1)

// Sortable encodes a value of a comparable kind so that the byte order of the
// encodings is the order of the values. Two values of one kind have the same
// encoding only if they are equal.
func (v Value) Sortable() string {
	if v.Kind == N {
		return v.Num.sortable()
	}
	return v.Text
}

func (n Number) sortable() string {
	b := make([]byte, 0, maxDigits+3)
	switch n.sign {
	case 0:
		b = append(b, zero)
	case 1:
		b = append(b, positive, byte(int(n.exp)+expBias))
		b = append(b, n.digits...)
	default:
		b = append(b, negative, 255-byte(int(n.exp)+expBias))
		for i := range len(n.digits) {
			b = append(b, '0'+'9'-n.digits[i])
		}
		b = append(b, 0xff) // a longer magnitude sorts before its prefix
	}
	return string(b)
}
