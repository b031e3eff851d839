package picture

import (
	"strings"
	"testing"
)

func TestGrid_ofFiveVendors_fitsAPhone_andNothingTouches(t *testing.T) {
	columns := []string{"Blumen am Markt", "Stadtbücherei Neustadt an der Weinstraße", "C", "D", "E"}
	g := NewGrid(columns, []Known{
		{"Full name", []Mark{Open, Past, Never, Open, Open}},
		{"A detail with such a long name that nobody could ever fit it", []Mark{Open}},
	})
	if g.Width > 320 {
		t.Errorf("%d px wide", g.Width)
	}
	if len(g.Columns) != 5 || len(g.Lines) != 2 || len(g.Lines[1].Cells) != 5 {
		t.Fatalf("%+v", g)
	}
	if long := g.Columns[1]; long.Cut() || long.Words != "Stadtbücherei Neustadt" || long.Second != "an der Weinstraße" || long.X >= g.Columns[0].X+columnWidth {
		t.Errorf("%+v", g.Columns)
	}
	if short := g.Columns[0]; short.Cut() || short.Second != "" {
		t.Errorf("%+v", short)
	}
	name := g.Lines[1].Name
	if !name.Cut() || name.Whole != "A detail with such a long name that nobody could ever fit it" || !strings.HasSuffix(name.Second, "…") || width(name.Second) > nameWidth {
		t.Errorf("%+v", name)
	}
	if name.Y-14 < g.Lines[1].Y || name.Y+name.Leading+3 > g.Height {
		t.Errorf("%+v sticks out of its row at %d", name, g.Lines[1].Y)
	}
	if c := g.Lines[1].Cells[4]; c.IsOpen() || c.IsPast() {
		t.Error("what nobody said is known")
	}
	last := g.Lines[1].Cells[4]
	if last.X+columnWidth/2 > g.Width || last.Y+rowHeight/2 > g.Height {
		t.Errorf("%+v sticks out of %d by %d", last, g.Width, g.Height)
	}
}

func TestTimeline_dotsGrowWithTheirCount_andStayInside(t *testing.T) {
	spans := []string{"1 September", "8 September", "15 September", "22 September", "29 September"}
	l := NewTimeline(spans, []Reader{{"Blumen am Markt", []int{0, 1, 25, 100, 0}}, {"Nobody", []int{0, 0, 0, 0, 0}}})
	dots := l.Rows[0].Dots
	if len(dots) != 3 || l.Rows[0].Total != 126 || len(l.Rows[1].Dots) != 0 {
		t.Fatalf("%+v", l.Rows)
	}
	for i, d := range dots {
		if d.X-d.R < 0 || d.X+d.R > l.Width || d.Y+d.R > l.Height || i > 0 && (d.X <= dots[i-1].X || d.R <= dots[i-1].R) {
			t.Errorf("%+v", d)
		}
	}
	want := []Tick{{Words: "1 September", Anchor: "start"}, {Words: "15 September", Anchor: "middle", X: timeWidth / 2}, {Words: "29 September", Anchor: "end", X: timeWidth}}
	if len(l.Ticks) != len(want) {
		t.Fatalf("%+v", l.Ticks)
	}
	for i, tick := range l.Ticks {
		if tick.Words != want[i].Words || tick.Anchor != want[i].Anchor || tick.X != want[i].X || tick.Y > l.Height || tick.Y-12 < l.Rows[1].Y {
			t.Errorf("%+v", tick)
		}
	}
	if l.Ticks[0].At != middle(0, 5) || l.Ticks[2].At != middle(4, 5) {
		t.Errorf("%+v", l.Ticks)
	}
}

func TestTimeline_withFewSpans_namesEachOnce(t *testing.T) {
	for n := range 4 {
		l := NewTimeline([]string{"a", "b", "c"}[:n], []Reader{{"Somebody", make([]int, n)}})
		if len(l.Ticks) != n {
			t.Errorf("%d spans: %+v", n, l.Ticks)
		}
	}
}

func TestPictures_ofNothing_areEmpty(t *testing.T) {
	if g := NewGrid(nil, nil); len(g.Lines) != 0 {
		t.Errorf("%+v", g)
	}
	if l := NewTimeline(nil, nil); len(l.Rows) != 0 || len(l.Ticks) != 0 {
		t.Errorf("%+v", l)
	}
}
