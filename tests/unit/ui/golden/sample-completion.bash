# bash completion for sample
_sample() {
    local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}"
    local command="" options="" words="" files="" i
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
        --file|-f|--target|--deny|--max|--deadline|--format|--format) ((i++)) ;;
        -*) ;;
        *) command="${command:+$command }${COMP_WORDS[i]}"
           case "$command" in
           things) ;;
           *) break ;;
           esac ;;
        esac
    done
    case "$command" in
        "") words=" run get things" ;;
        "run"|"go") command="run"; options=" --file --target --deny --max --deadline --yes --format --quiet --help"; words="" ;;
        "get") options=" --quiet --help"; words=" cat dog" ;;
        "things") options=" --quiet --help"; words=" list move" ;;
        "things list") options=" --format --quiet --help"; words="" ;;
        "things move") options=" --quiet --help"; words="" ;;
    esac
    case "$command:$prev" in
        "run:--file"|"run:-f") COMPREPLY=($(compgen -f -- "$cur")); return ;;
        "run:--target") return ;;
        "run:--deny") words=" replace delete"; options="" ;;
        "run:--max") return ;;
        "run:--deadline") return ;;
        "run:--format") words=" text json"; options="" ;;
        "things list:--format") words=" table json"; options="" ;;
    esac
    [[ $cur == -* ]] && words="$options"
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    [[ -n $files && $cur != -* ]] && COMPREPLY+=($(compgen -f -- "$cur"))
}
complete -o filenames -F _sample sample
