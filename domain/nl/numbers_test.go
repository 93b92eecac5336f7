package nl

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
)

// L-U46. The numbers are made up; 111222333 is the test number that Dutch
// authorities use in their examples.
func TestBSN_L_U46(t *testing.T) {
	for s, want := range map[string]string{
		"111222333": "111222333", "123456782": "123456782", "1234.56.782": "123456782",
		"123 456 782": "123456782", "10000008": "010000008",
	} {
		b, err := ParseBSN(s)
		if err != nil || b.Reveal() != want {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "123456789", "000000000", "00000000", "1234567", "1234567822", "12345678a", "１２３４５６７８２"} {
		_, err := ParseBSN(s)
		var e *domain.Error
		if !errors.As(err, &e) || e.Code != "bsn_invalid" || e.Rule != "L-U46" {
			t.Errorf("%q: got %v", s, err)
		}
		if len(s) > 6 && strings.Contains(err.Error(), s) {
			t.Errorf("the refusal repeats the number")
		}
	}
}

func TestBSNHasASingleDigitErrorFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := []byte(fmt.Sprintf("%08d0", rapid.IntRange(1_000_000, 99_999_999).Draw(t, "n")))
		sum := 0
		for i := range 8 {
			sum += (9 - i) * int(d[i]-'0')
		}
		if sum%11 == 10 {
			t.Skip("no last digit makes this one valid")
		}
		d[8] = '0' + byte(sum%11)
		if _, err := ParseBSN(string(d)); err != nil {
			t.Fatal("a number made to pass the test fails it")
		}
		i := rapid.IntRange(0, 8).Draw(t, "place")
		d[i] = '0' + (d[i]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "shift")))%10
		if _, err := ParseBSN(string(d)); err == nil {
			t.Fatalf("one wrong digit went through")
		}
	})
}

func TestNumbersShowThemselvesToNobody(t *testing.T) {
	b, err := ParseBSN("123456782")
	if err != nil {
		t.Fatal(err)
	}
	i, err := ParseIBAN("nl91 abna 0417 1643 00")
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParsePostcode("1234ab")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "bsn", b, "iban", i, "postcode", p)
	nested := struct {
		B BSN
		I IBAN
	}{b, i}
	out := log.String() + fmt.Sprintf("%v %+v %#v %s %q %d %x %v %+v", b, b, b, b, b, b, i, nested, &nested)
	for _, secret := range []string{"123456782", "12345", "ABNA", "04171643", "1234 AB", "313233"} {
		if strings.Contains(out, secret) {
			t.Errorf("%q shows in %s", secret, out)
		}
	}
	for _, want := range []string{"‹bsn›", "‹iban›", "‹postcode›", "•••••6782", "•••••4300"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q does not show in %s", want, out)
		}
	}
	if j, err := json.Marshal(nested); err == nil {
		t.Errorf("JSON took it: %s", j)
	}
	if i.Spaced() != "NL91 ABNA 0417 1643 00" {
		t.Error("spaces are in the wrong places")
	}
}

func TestTrajectoryNumberThatLooksLikeABSN(t *testing.T) {
	for s, want := range map[string]bool{
		"123456782": true, "1234.56.782": true, "123.456.782": true, "10000008": true,
		"123456789": false, "T-123456782": false, "2017-00123": false, "case-10011": false, "": false, "1.23456782": false,
	} {
		if got := LooksLikeBSN(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestIBAN(t *testing.T) {
	for _, s := range []string{"NL91ABNA0417164300", "BE68 5390 0754 7034", "DE89370400440532013000", "GB29 NWBK 6016 1331 9268 19"} {
		if _, err := ParseIBAN(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "NL91ABNA0417164301", "NL91ABNA041716430", "NL9112340417164300", "91NLABNA0417164300", "NL91ABNA04171643OO", "NL91-ABNA-0417-1643-00", "BE685390075470340"} {
		if _, err := ParseIBAN(s); err == nil {
			t.Errorf("%s was taken", s)
		}
	}
}

func TestPostcode(t *testing.T) {
	if p, err := ParsePostcode("1234ab"); err != nil || p != "1234 AB" {
		t.Errorf("%v", err)
	}
	for _, s := range []string{"", "0123AB", "1234SS", "1234 A", "12345AB", "AB1234", "1234A1"} {
		if _, err := ParsePostcode(s); err == nil {
			t.Errorf("%s was taken", s)
		}
	}
}
