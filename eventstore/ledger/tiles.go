package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tiles is the folder of one agency's hash tiles, in the layout of C2SP
// tlog-tiles: tile/<L>/<N>, and tile/<L>/<N>.p/<W> for one with W hashes only.
// A full tile never changes; partial ones go when it is there.
type tiles struct{ dir string }

// TilePath is the path of a tile in a log: "tile/0/x001/067.p/8". width is the
// number of hashes, 256 for a full tile.
func TilePath(level int, n int64, width int) string {
	return "tile/" + strings.TrimPrefix(tlog.Tile{H: 8, L: level, N: n, W: width}.Path(), "tile/8/")
}

// ParseTilePath is the reverse of TilePath; ok is false for every other text, so
// that a path from outside never reaches the disk as it came.
func ParseTilePath(path string) (level int, n int64, width int, ok bool) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok || strings.HasPrefix(rest, "data/") {
		return 0, 0, 0, false
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil || t.L < 0 || t.L > maxLevel || TilePath(t.L, t.N, t.W) != path {
		return 0, 0, 0, false
	}
	return t.L, t.N, t.W, true
}

// maxLevel is the highest level of tiles by C2SP tlog-tiles.
const maxLevel = 5

func (t tiles) path(level int, n int64, width int) string {
	return filepath.Join(t.dir, filepath.FromSlash(TilePath(level, n, width)))
}

// write stores a tile; it is durable after w.sync.
func (t tiles) write(w *writer, level int, n int64, hashes []tlog.Hash) error {
	b := make([]byte, 0, len(hashes)*tlog.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return w.write(t.path(level, n, len(hashes)), b)
}

// read gives the first width hashes of a tile, from whatever form of it is
// there: that of the width, the full one, or a wider partial one. A tile only
// grows at its end, so all begin alike. It checks lengths, not hashes.
// fs.ErrNotExist when there is none.
func (t tiles) read(level int, n int64, width int) ([]byte, error) {
	want := width * tlog.HashSize
	b, err := readTile(t.path(level, n, width), want)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if w := t.wider(level, n, width); w > 0 {
		if b, err = readTile(t.path(level, n, w), want); !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	return readTile(t.path(level, n, tileWidth), want) // last: it may just have been filled
}

func readTile(path string, want int) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < want {
		return nil, fmt.Errorf("%w: a tile is cut short", ErrDamaged)
	}
	return b[:want], nil
}

// wider is the width of a partial form with at least width hashes; 0 for none.
func (t tiles) wider(level int, n int64, width int) int {
	found, _ := os.ReadDir(filepath.Dir(t.path(level, n, 1))) // none there: none wider
	for _, f := range found {
		if w, err := strconv.Atoi(f.Name()); err == nil && w >= width && w < tileWidth {
			return w
		}
	}
	return 0
}

// dropPartial removes the partial forms of a tile that is full, and durable.
// What a crash leaves of them is only space.
func (t tiles) dropPartial(level int, n int64) { os.RemoveAll(filepath.Dir(t.path(level, n, 1))) }

// load gives the edge of a tree of size from its tiles. What is not there, or
// does not give root, is an error.
func (t tiles) load(size int64, root tlog.Hash) (*edge, error) {
	e := &edge{size: size}
	for l := 0; size>>(8*l) > 0; l++ {
		n := size >> (8 * l)
		hashes := make([]tlog.Hash, 0, tileWidth)
		if w := int(n % tileWidth); w > 0 {
			b, err := t.read(l, n/tileWidth, w)
			if err != nil {
				return nil, err
			}
			for r := bytes.NewReader(b); r.Len() > 0; {
				var h tlog.Hash
				_, _ = r.Read(h[:]) // whole: the length is a multiple
				hashes = append(hashes, h)
			}
		}
		e.levels = append(e.levels, hashes)
	}
	if e.root() != root {
		return nil, fmt.Errorf("%w: the tiles give another root than the checkpoint", ErrDamaged)
	}
	return e, nil
}

// reader gives the hashes of a tree out of its tiles, each checked against root.
func (t tiles) reader(size int64, root tlog.Hash) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tileReader{t})
}

// tileReader is tiles as x/mod wants them.
type tileReader struct{ tiles }

func (tileReader) Height() int { return 8 }

func (t tileReader) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, x := range list {
		var err error
		if out[i], err = t.read(x.L, x.N, x.W); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
