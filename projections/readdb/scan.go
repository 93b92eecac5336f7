package readdb

import "strings"

// noBytes stands for an absent value of a Bytes column, so that it is the same
// before and after it was stored.
var noBytes = []byte{}

// scanRow reads one row of the given columns.
func scanRow(columns []Column, scan func(...any) error) (Row, error) {
	row := make(Row, len(columns))
	dest := make([]any, len(columns))
	texts := make([]string, len(columns))
	ints := make([]int64, len(columns))
	blobs := make([][]byte, len(columns))
	for i, c := range columns {
		switch c.Type {
		case Text:
			dest[i] = &texts[i]
		case Int:
			dest[i] = &ints[i]
		default:
			dest[i] = &blobs[i]
		}
	}
	if err := scan(dest...); err != nil {
		return nil, err
	}
	for i, c := range columns {
		switch {
		case c.Type == Text:
			row[i] = texts[i]
		case c.Type == Int:
			row[i] = ints[i]
		case len(blobs[i]) == 0:
			row[i] = noBytes
		default:
			row[i] = blobs[i]
		}
	}
	return row, nil
}

// onConflict is the end of an upsert.
func (p *physical) onConflict() string {
	if p.KeyColumns == len(p.Columns) {
		return "ON CONFLICT (" + strings.Join(p.keys, ",") + ") DO NOTHING"
	}
	var set []string
	for _, c := range p.Columns[p.KeyColumns:] {
		n := quote(c.Name)
		set = append(set, n+"=excluded."+n)
	}
	return "ON CONFLICT (" + strings.Join(p.keys, ",") + ") DO UPDATE SET " + strings.Join(set, ",")
}
