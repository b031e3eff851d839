package picture

// Mark says who knows one thing. The zero Mark is that nobody does.
type Mark int

// The marks.
const (
	Never Mark = iota // not now, and not before
	Past              // can no longer read it
	Open              // can read it now
)

// Known is one row of what is known: a name, and a mark for each column.
type Known struct {
	Name  string
	Marks []Mark
}

// Cell is a mark at a place, by its middle.
type Cell struct {
	X, Y int
	Mark Mark
}

// IsOpen says that it can be read now.
func (c Cell) IsOpen() bool { return c.Mark == Open }

// IsPast says that it could be read once.
func (c Cell) IsPast() bool { return c.Mark == Past }

// Line is a row of the grid: its name, its marks, and the hairline above it.
type Line struct {
	Name  Text
	Y     int
	Cells []Cell
}

// Grid is things by those who know them. Five columns fit on a phone of 360 pixels; with more the
// picture is wider, and is moved in its frame.
type Grid struct {
	Width, Height int
	Columns       []Text // turned upright: they are read from the bottom to the top
	Lines         []Line
}

// Measures of the grid, in pixels of the page: the picture is not scaled, so that letters keep their
// size.
const (
	nameWidth   = 148
	columnWidth = 34
	rowHeight   = 36
	headLine    = 130 // a longer name stands in two lines
	headMost    = 190
	headLeast   = 48
)

// NewGrid places names and marks. A row with fewer marks than columns is filled up with Never.
func NewGrid(columns []string, rows []Known) Grid {
	head := headLeast
	for _, name := range columns {
		first, second := wrap(name, headLine, headMost)
		head = max(head, max(width(first), width(second))+16)
	}
	g := Grid{Width: nameWidth + columnWidth*len(columns), Height: head + rowHeight*len(rows)}
	for i, name := range columns {
		g.Columns = append(g.Columns, upright(name, nameWidth+columnWidth*i+columnWidth/2+5, head-8))
	}
	for i, row := range rows {
		y := head + rowHeight*i
		line := Line{Name: level(row.Name, 0, y+rowHeight/2+5, nameWidth-8), Y: y}
		for j := range columns {
			cell := Cell{X: nameWidth + columnWidth*j + columnWidth/2, Y: y + rowHeight/2}
			if j < len(row.Marks) {
				cell.Mark = row.Marks[j]
			}
			line.Cells = append(line.Cells, cell)
		}
		g.Lines = append(g.Lines, line)
	}
	return g
}
