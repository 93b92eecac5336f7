package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// deviceLife is how long a browser that signed somebody in is known again.
const deviceLife = 180 * 24 * time.Hour

// device is a request's browser: the cookie that it brings, and where a new one
// goes. A browser in which a name's password was right has a cookie that says so;
// its wrong passwords at that name count by themselves, so that a stranger who
// fills the name's count keeps its owner out of no browser that he uses (OWASP,
// device cookies). The cookie opens nothing, names nobody, and is the same to
// whoever asks whether a name exists.
type device struct {
	w      http.ResponseWriter
	cookie string
}

type deviceKey struct{}

// withDevice puts a request's browser into its context.
func (s *Service) withDevice(w http.ResponseWriter, r *http.Request) *http.Request {
	d := &device{w: w}
	if c, err := r.Cookie(s.deviceName()); err == nil {
		d.cookie = c.Value
	}
	return r.WithContext(context.WithValue(r.Context(), deviceKey{}, d))
}

func (s *Service) deviceName() string { return s.sessions.Cookie.Name + "-device" }

// deviceMAC is over what a cookie says, the keyed digest of the name and when its
// password was set, so that a new password makes strangers of all browsers. Only who
// has the salt of this installation can make it.
func (s *Service) deviceMAC(ctx context.Context, agency, key, says string) (string, error) {
	var changed int64 // 0 for a name that nobody has
	err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT changed FROM users WHERE agency = ? AND login = ?`), agency, key).Scan(&changed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", unavailable(err)
	}
	m := hmac.New(sha256.New, []byte(s.salt))
	fmt.Fprintf(m, "device\x00%s\x00%s\x00%d\x00%s", agency, key, changed, says)
	return hex.EncodeToString(m.Sum(nil)), nil
}

// byDevice is the count of wrong passwords at a name: the browser's own where it
// signed that name in before, else the name's, which all other browsers share.
func (s *Service) byDevice(ctx context.Context, agency, key string) (counter, error) {
	shared := s.of(byLogin, key)
	d, _ := ctx.Value(deviceKey{}).(*device)
	if d == nil || d.cookie == "" || len(d.cookie) > 200 {
		return shared, nil
	}
	says, mac := cutLast(d.cookie)
	_, until := cutLast(says)
	want, err := s.deviceMAC(ctx, agency, key, says)
	if err != nil {
		return counter{}, err
	}
	end, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !s.clock.Now().Before(time.Unix(end, 0)) || !hmac.Equal([]byte(mac), []byte(want)) {
		return shared, nil
	}
	return s.of(byLogin, key+"\x00"+says), nil
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '.')
	return s[:max(i, 0)], s[i+1:]
}

// know gives the browser its cookie for a name whose password was right in it, or
// a new one in its place. Another name's is replaced: the last to sign in is known.
func (s *Service) know(ctx context.Context, agency, key string) error {
	d, _ := ctx.Value(deviceKey{}).(*device)
	if d == nil {
		return nil
	}
	says := strings.ToLower(rand.Text()) + "." + strconv.FormatInt(s.clock.Now().Add(deviceLife).Unix(), 10)
	mac, err := s.deviceMAC(ctx, agency, key, says)
	if err != nil {
		return err
	}
	c := s.sessions.Cookie
	http.SetCookie(d.w, &http.Cookie{Name: s.deviceName(), Value: says + "." + mac, Path: c.Path, HttpOnly: true, Secure: c.Secure,
		SameSite: c.SameSite, MaxAge: int(deviceLife / time.Second)})
	return nil
}
