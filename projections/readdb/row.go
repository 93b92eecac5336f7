package readdb

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// check makes sure that a row fits its table on both engines, so that neither
// takes what the other refuses. An absent value of a Bytes column becomes empty
// bytes. It never names a value.
func (t *Table) check(row Row) error {
	if len(row) != len(t.Columns) {
		return fmt.Errorf("readdb: a row of %s has %d values for %d columns", t.Name, len(row), len(t.Columns))
	}
	for i := range row {
		if row[i] == nil && t.Columns[i].Type == Bytes {
			row[i] = noBytes
			continue
		}
		if err := t.checkValue(i, row[i]); err != nil {
			return err
		}
		if b, ok := row[i].([]byte); ok && b == nil {
			row[i] = noBytes
		}
	}
	return nil
}

func (t *Table) checkValue(i int, v any) error {
	ok := false
	switch v := v.(type) {
	case string:
		if ok = t.Columns[i].Type == Text; ok && (strings.IndexByte(v, 0) >= 0 || !utf8.ValidString(v)) {
			return fmt.Errorf("readdb: a text in %s.%s is no UTF-8 or holds a zero byte", t.Name, t.Columns[i].Name)
		}
	case int64:
		ok = t.Columns[i].Type == Int
	case []byte:
		ok = t.Columns[i].Type == Bytes
	}
	if !ok {
		return fmt.Errorf("readdb: a value for %s.%s is a %T; columns hold string, int64 or []byte", t.Name, t.Columns[i].Name, v)
	}
	return nil
}

// appendKey encodes key values so that two keys have one encoding only when
// they are equal, and so that byte order is the order of the key where it holds
// texts and integers.
func appendKey(b []byte, values []any) []byte {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			b = append(append(b, v...), 0)
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v)^(1<<63))
		case []byte:
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(v))), v...)
		}
	}
	return b
}

// size is about what a row takes in memory.
func (r Row) size() int64 {
	if r == nil {
		return 0
	}
	n := int64(64)
	for _, v := range r {
		n += 32
		switch v := v.(type) {
		case string:
			n += int64(len(v))
		case []byte:
			n += int64(len(v))
		}
	}
	return n
}
