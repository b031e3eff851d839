package picture

import "math"

// Reader is one row of reads: who, and how often in each span of time, the oldest first.
type Reader struct {
	Name   string
	Counts []int
}

// Dot is how often something was read in one span of time: by its middle and its size.
type Dot struct{ X, Y, R, Count int }

// Row is a reader in the picture.
type Row struct {
	Name  Text
	Total int
	Right int // where the total ends
	Y     int // of the line that the dots stand on
	Dots  []Dot
}

// Tick names a span: At is its middle, X where its name stands, by the end that Anchor says.
type Tick struct {
	At, X, Y      int
	Words, Anchor string
}

// Timeline is reads over time. It is as wide as a phone of 360 pixels lets it be.
type Timeline struct {
	Width, Height int
	Rows          []Row
	Ticks         []Tick
}

// Measures of the timeline, in pixels of the page.
const (
	timeWidth = 316
	timeRow   = 66
	timeFoot  = 20
	dotLeast  = 4
	dotMost   = 10
)

// NewTimeline places the readers. All have as many counts as there are names of spans.
func NewTimeline(spans []string, readers []Reader) Timeline {
	t := Timeline{Width: timeWidth, Height: timeRow*len(readers) + timeFoot}
	most := 0
	for _, r := range readers {
		for _, n := range r.Counts {
			most = max(most, n)
		}
	}
	for i, r := range readers {
		y := timeRow*i + timeRow - 18
		row := Row{Name: level(r.Name, 0, y-26, timeWidth-60), Right: timeWidth, Y: y}
		for j, n := range r.Counts {
			row.Total += n
			if n > 0 {
				row.Dots = append(row.Dots, Dot{X: middle(j, len(r.Counts)), Y: y, R: size(n, most), Count: n})
			}
		}
		t.Rows = append(t.Rows, row)
	}
	t.Ticks = ticks(spans, t.Height-6)
	return t
}

// middle is the middle of one of some spans.
func middle(i, of int) int { return dotMost + (timeWidth-2*dotMost)*(2*i+1)/(2*max(of, 1)) }

// size gives a dot an area by its count.
func size(n, most int) int {
	return dotLeast + int(math.Round((dotMost-dotLeast)*math.Sqrt(float64(n)/float64(max(most, 1)))))
}

// ticks names the first span, the last, and the one in the middle: so many find room.
func ticks(spans []string, y int) []Tick {
	last := len(spans) - 1
	if last < 0 {
		return nil
	}
	named := []Tick{{At: middle(0, len(spans)), X: 0, Y: y, Words: spans[0], Anchor: "start"}}
	if last > 1 {
		at := middle(last/2, len(spans))
		named = append(named, Tick{At: at, X: at, Y: y, Words: spans[last/2], Anchor: "middle"})
	}
	if last > 0 {
		named = append(named, Tick{At: middle(last, len(spans)), X: timeWidth, Y: y, Words: spans[last], Anchor: "end"})
	}
	return named
}
