package picture

import (
	"strings"
	"testing"
)

func TestGrid_ofFiveVendors_fitsAPhone_andNothingTouches(t *testing.T) {
	columns := []string{"Blumen am Markt", "Stadtbücherei Neustadt an der Weinstraße", "C", "D", "E"}
	g := NewGrid(columns, []Known{
		{"Full name", []Mark{Open, Past, Never, Open, Open}},
		{"A detail with a name that nobody could fit", []Mark{Open}},
	})
	if g.Width > 320 {
		t.Errorf("%d px wide", g.Width)
	}
	if len(g.Columns) != 5 || len(g.Lines) != 2 || len(g.Lines[1].Cells) != 5 {
		t.Fatalf("%+v", g)
	}
	long := g.Columns[1]
	if !long.Cut() || !strings.HasSuffix(long.Words, "…") || long.Whole != columns[1] || g.Columns[0].Cut() {
		t.Errorf("%+v", g.Columns)
	}
	if name := g.Lines[1].Name; !name.Cut() || float64(len([]rune(name.Words)))*letter > nameWidth {
		t.Errorf("%+v", name)
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
	spans := []string{"1 September", "8 September", "", "22 September", "29 September"}
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
	for i, tick := range l.Ticks {
		if tick.X < 0 || tick.X+tickSpace > l.Width || i > 0 && tick.X < l.Ticks[i-1].X+tickSpace {
			t.Errorf("%+v", l.Ticks)
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
