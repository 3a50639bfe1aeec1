namespace FastMesh.Engine.Routing;

/// <summary>The members of RE2's named classes, written for inside <c>[ ]</c>; inputs are Latin-1.</summary>
internal static class Re2Classes
{
    private const string Word = "0-9A-Za-z_";
    private const string NotWord = @"\x00-\x2F\x3A-\x40\x5B-\x5E\x60\x7B-\xFF";
    private const string Space = @"\t\n\f\r\x20";
    private const string NotSpace = @"\x00-\x08\x0B\x0E-\x1F\x21-\xFF";

    /// <summary>The members of <c>\d</c>, <c>\W</c> and so on, or null when the letter names none.</summary>
    public static string? Escape(char c) => c switch
    {
        'd' => "0-9",
        'D' => @"\x00-\x2F\x3A-\xFF",
        'w' => Word,
        'W' => NotWord,
        's' => Space,
        'S' => NotSpace,
        _ => null,
    };

    /// <summary>The members of <c>[:name:]</c>, or null when there is no such class.</summary>
    public static string? Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "ascii" => @"\x00-\x7F",
        "blank" => @"\t\x20",
        "cntrl" => @"\x00-\x1F\x7F",
        "digit" => "0-9",
        "graph" => @"\x21-\x7E",
        "lower" => "a-z",
        "print" => @"\x20-\x7E",
        "punct" => @"\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E",
        "space" => @"\t\n\v\f\r\x20",
        "upper" => "A-Z",
        "word" => Word,
        "xdigit" => "0-9A-Fa-f",
        _ => null,
    };
}
