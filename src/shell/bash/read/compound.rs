//! `if`, loops, `case`, groups, functions, `[[ ]]` and `(( ))`.

use super::super::symbol::Symbol;
use super::super::syntax::{Command, Compound, Form, Part, Word};
use super::word::Until;
use super::{Read, Reader, is_name_start};

impl Reader<'_> {
    /// Reads a compound command, if one begins here.
    pub(super) fn compound(&mut self) -> Read<Option<Command>> {
        if self.takes_word("function") {
            return self.named_function().map(Some);
        }
        if self.sees_word("coproc") {
            return self.fail("there is a `coproc`");
        }
        let Some(mut compound) = self.bare_compound()? else { return Ok(None) };
        self.redirects(&mut compound.redirects)?;
        Ok(Some(Command::Compound(compound)))
    }

    fn bare_compound(&mut self) -> Read<Option<Compound>> {
        let compound = if self.takes("((") {
            let inner = self.arithmetic("))")?;
            Compound { arithmetic: vec![inner], ..Compound::default() }
        } else if self.takes("(") {
            Compound { form: Form::Subshell, bodies: vec![self.parenthesized()?], ..Compound::default() }
        } else if self.takes_word("{") {
            let (body, _) = self.script_then(&["}"])?;
            Compound { bodies: vec![body], ..Compound::default() }
        } else if self.takes_word("if") {
            self.condition()?
        } else if self.takes_word("while") {
            self.repeated(Form::While)?
        } else if self.takes_word("until") {
            self.repeated(Form::Until)?
        } else if self.takes_word("select") {
            Compound { asks: true, ..self.loop_over()? }
        } else if self.takes_word("for") {
            self.loop_over()?
        } else if self.takes_word("case") {
            self.case()?
        } else if self.takes_word("[[") {
            Compound { form: Form::Test, test: self.test()?, ..Compound::default() }
        } else {
            return Ok(None);
        };
        Ok(Some(compound))
    }

    fn condition(&mut self) -> Read<Compound> {
        let mut bodies = Vec::new();
        loop {
            bodies.push(self.script_then(&["then"])?.0);
            let (body, end) = self.script_then(&["elif", "else", "fi"])?;
            bodies.push(body);
            match end {
                "elif" => {}
                "else" => {
                    bodies.push(self.script_then(&["fi"])?.0);
                    break;
                }
                _ => break,
            }
        }
        Ok(Compound { form: Form::If, bodies, ..Compound::default() })
    }

    fn repeated(&mut self, form: Form) -> Read<Compound> {
        let (head, _) = self.script_then(&["do"])?;
        let (body, _) = self.script_then(&["done"])?;
        Ok(Compound { form, bodies: vec![head, body], ..Compound::default() })
    }

    fn loop_over(&mut self) -> Read<Compound> {
        let mut compound = Compound { form: Form::For, ..Compound::default() };
        self.skip_blanks();
        if self.takes("((") {
            compound.arithmetic.push(self.arithmetic("))")?);
        } else {
            compound.variable = Some(self.loop_name()?);
            self.skip_lines()?;
            if self.takes_word("in") {
                self.words_of_list(&mut compound.words)?;
            }
        }
        self.skip_blanks();
        self.takes(";");
        self.skip_lines()?;
        let close = if self.takes_word("do") {
            "done"
        } else if self.takes_word("{") {
            "}"
        } else {
            return self.fail("a loop has no `do`");
        };
        compound.bodies.push(self.script_then(&[close])?.0);
        Ok(compound)
    }

    fn loop_name(&mut self) -> Read<String> {
        if let Some(Symbol::Hole(hole)) = self.peek() {
            return self.fail_hole(hole, "the name of a variable");
        }
        let name = self.take_name();
        if let Some(Symbol::Hole(hole)) = self.peek() {
            return self.fail_hole(hole, "the name of a variable");
        }
        if name.is_empty() { self.fail("a loop has no variable") } else { Ok(name) }
    }

    fn words_of_list(&mut self, words: &mut Vec<Word>) -> Read<()> {
        loop {
            self.skip_blanks();
            if self.at >= self.end || self.sees(";") || self.sees("\n") {
                return Ok(());
            }
            let before = self.at;
            words.push(self.word(Until::Meta)?);
            if self.at == before {
                return self.fail("the list of a loop holds an operator");
            }
        }
    }

    fn case(&mut self) -> Read<Compound> {
        let mut compound = Compound::default();
        let (mut patterns, mut goes_on) = (Vec::new(), false);
        self.skip_blanks();
        compound.words.push(self.word(Until::Meta)?);
        self.skip_lines()?;
        if !self.takes_word("in") {
            return self.fail("a `case` has no `in`");
        }
        loop {
            self.skip_lines()?;
            if self.takes_word("esac") {
                compound.form = Form::Case(if goes_on { Vec::new() } else { patterns });
                return Ok(compound);
            }
            self.takes("(");
            let before = compound.words.len();
            self.patterns(&mut compound.words)?;
            patterns.push(compound.words.len() - before);
            let body = self.deeper(|reader| reader.script(&["esac"]))?;
            compound.bodies.push(body);
            goes_on |= self.sees(";;&") || self.sees(";&");
            let is_ended = [";;&", ";;", ";&"].into_iter().any(|end| self.takes(end));
            if !is_ended && !self.sees_word("esac") {
                return self.fail("a `case` is never closed");
            }
        }
    }

    fn patterns(&mut self, words: &mut Vec<Word>) -> Read<()> {
        loop {
            self.skip_blanks();
            let before = self.at;
            words.push(self.word(Until::Meta)?);
            self.skip_blanks();
            if self.at == before {
                return self.fail("a `case` has no pattern");
            }
            if self.takes(")") {
                return Ok(());
            }
            if !self.takes("|") {
                return self.fail("a pattern of a `case` is never closed");
            }
        }
    }

    /// Reads the inside of `[[ ]]` as words; its operators are words of their own.
    fn test(&mut self) -> Read<Vec<Word>> {
        let mut words: Vec<Word> = Vec::new();
        loop {
            self.skip_lines()?;
            if self.takes_word("]]") {
                return Ok(words);
            }
            let is_regex = words.last().and_then(Word::literal).is_some_and(|word| word == "=~");
            let operators = ["&&", "||", "(", ")", "<", ">"];
            let operator = operators.into_iter().find(|operator| !is_regex && self.takes(operator));
            if let Some(operator) = operator {
                let mut word = Word::default();
                operator.chars().for_each(|character| word.push_char(character, false));
                words.push(word);
                continue;
            }
            let before = self.at;
            words.push(self.word(if is_regex { Until::Regex } else { Until::Meta })?);
            if self.at == before {
                return self.fail("a `[[` is never closed");
            }
        }
    }

    fn named_function(&mut self) -> Read<Command> {
        self.skip_blanks();
        let word = self.word(Until::Meta)?;
        self.skip_blanks();
        if self.takes("(") {
            self.skip_blanks();
            if !self.takes(")") {
                return self.fail("a function's parentheses are not empty");
            }
        }
        self.function(&word)
    }

    /// Reads a function's body, its name being read.
    pub(super) fn function(&mut self, name: &Word) -> Read<Command> {
        if let Some(Symbol::Hole(hole)) = name.symbols().into_iter().find(|symbol| matches!(symbol, Symbol::Hole(_))) {
            return self.fail_hole(hole, "the name of a function");
        }
        // Bash defines none then, and goes on.
        if name.parts.iter().any(|part| matches!(part, Part::Text { quoted: true, .. })) {
            return self.fail("a function's name is quoted");
        }
        let name = match name.literal() {
            Some(name) if name.starts_with(|first| is_name_start(first) || first.is_ascii_punctuation()) => name,
            _ => return self.fail("a function has no plain name"),
        };
        self.skip_lines()?;
        match self.deeper(Self::compound)? {
            Some(body) => Ok(Command::Function { name, body: Box::new(body) }),
            None => self.fail("a function has no body"),
        }
    }
}
