#compdef sample
_sample() {
    local -a commands
    if (( CURRENT == 2 )); then
        commands=(
            'run:run it'
            'get:get '\''one'\'' [thing]'
            'things:look at things')
        _describe 'command' commands
        return
    fi
    shift words; (( CURRENT-- ))
    if [[ $words[1] == things ]]; then
      if (( CURRENT == 2 )); then
        commands=(
            'list:list them'
            'move:move one')
        _describe 'command' commands
        return
      fi
      shift words; (( CURRENT-- ))
      case $words[1] in
        list) _arguments -s \
            '--format[how]:FORMAT:( table json)' \
            ''{-q,--quiet}'[less]' \
            ''{-h,--help}'[explain]' ;;
        move) _arguments -s \
            ''{-q,--quiet}'[less]' \
            ''{-h,--help}'[explain]' ;;
      esac
      return
    fi
    case $words[1] in
        run|go) _arguments -s \
            ''{-f,--file}'[the file]:FILE:_files' \
            '*--target[only this]:ADDRESS:' \
            '*--deny[refuse a plan that does this]:ACTIONS:( replace delete)' \
            '--max[a limit]:N:' \
            '--deadline[a time]:DURATION:' \
            ''{-y,--yes}'[don'\''t ask]' \
            '--format[how]:FORMAT:( text json)' \
            ''{-q,--quiet}'[less]' \
            ''{-h,--help}'[explain]' ;;
        get) _arguments -s \
            ''{-q,--quiet}'[less]' \
            ''{-h,--help}'[explain]' \
            '*:word:( cat dog)' ;;
    esac
}
_sample "$@"
